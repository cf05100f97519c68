import { join } from "@std/path";
import { SPLITTING_NAMES, splittingBySteps, splittingSteps } from "../tokenizer/byte_level_tokenizer.ts";
import { FormatError, quoted } from "../error.ts";
import type { GgufValue } from "./gguf_writer.ts";
import { readFileIfPresent } from "../json_file.ts";
import { parseSentencePieceModel, sentencePieces } from "../tokenizer/sentencepiece_model.ts";
import { parseTokenizerJson } from "../tokenizer/tokenizer_json.ts";
import { type NamedTemplate, readAddedTokens } from "../tokenizer/tokenizer_settings.ts";
import { parseDecoder } from "../tokenizer/tokenizer_json_decoder.ts";
import { fallbackByte } from "../tokenizer/vocabulary.ts";

const MAX_FILE_BYTES = 200_000_000;

/** Types of tokens, numbered as in SentencePiece. */
const NORMAL = 1, UNKNOWN = 2, CONTROL = 3, USER_DEFINED = 4, UNUSED = 5, BYTE = 6;

/** A vocabulary as GGUF has it: entries by id. */
interface Tokens {
  /** "llama" merges by score, as SentencePiece; "gpt2" merges bytes by a list. */
  readonly model: "llama" | "gpt2";
  readonly texts: string[];
  readonly kinds: number[];
  /** For "llama". */
  readonly scores?: number[];
  /** For "gpt2": pairs, the first merged first. */
  readonly merges?: string[];
  /** For "gpt2": llama.cpp's name for how text is split before merging. */
  readonly splitting?: string;
  readonly unkId: number | undefined;
  /** Whether encoding puts a space before the text. */
  readonly prefixesSpace: boolean;
}

/** What of a loaded tokenizer goes into the file besides its tokens. */
export interface TextSettings {
  readonly bosId: number;
  readonly eosId: number;
  readonly bosToken: string | undefined;
  readonly startIds: readonly number[];
  readonly chatTemplate: string | undefined;
  readonly otherTemplates: readonly NamedTemplate[];
}

/**
 * The metadata that carry a model folder's tokenizer into a GGUF file, so that llama.cpp gives the same ids.
 *
 * @param endIds ids that end an answer; llama.cpp knows one besides the end token
 * @param vocabularySize rows of the embedding; ids that the tokenizer has not are filled with unused entries
 * @throws {FormatError} when there is no tokenizer, or it splits text in a way that has no name in GGUF
 */
export async function ggufTokenizer(
  directory: string,
  vocabularySize: number,
  { bosId, eosId, bosToken, startIds, chatTemplate, otherTemplates }: TextSettings,
  endIds: readonly number[] = [],
): Promise<[string, GgufValue][]> {
  const tokens = await readTokens(directory);
  if (tokens.model === "llama" && !tokens.texts.includes("<0x0A>")) {
    throw new FormatError(
      `${directory}: the tokenizer has no pieces for single bytes such as <0x0A>; llama.cpp needs them`,
    );
  }
  for (let id = 0; id < vocabularySize; id++) {
    tokens.texts[id] ??= `[PAD${id}]`;
    tokens.kinds[id] ??= UNUSED;
    if (tokens.scores !== undefined) tokens.scores[id] ??= -1e4;
  }
  const turnEnd = endIds.find((id) => id !== eosId);
  const whole = (value: number): GgufValue => ({ type: "uint32", value });
  const fields: [string, GgufValue | undefined][] = [
    ["model", { type: "string", value: tokens.model }],
    ["pre", { type: "string", value: tokens.splitting ?? "default" }],
    ["tokens", { type: "strings", value: tokens.texts }],
    ["scores", tokens.scores && { type: "float32s", value: tokens.scores }],
    ["token_type", { type: "int32s", value: tokens.kinds }],
    ["merges", tokens.merges && { type: "strings", value: tokens.merges }],
    ["bos_token_id", bosToken === undefined ? undefined : whole(bosId)],
    ["eos_token_id", whole(eosId)],
    ["eot_token_id", turnEnd === undefined ? undefined : whole(turnEnd)],
    ["unknown_token_id", tokens.unkId === undefined ? undefined : whole(tokens.unkId)],
    ["add_bos_token", { type: "bool", value: startIds.length > 0 }],
    ["add_eos_token", { type: "bool", value: false }],
    ["add_space_prefix", { type: "bool", value: tokens.prefixesSpace }],
  ];
  const metadata = fields.flatMap(([key, value]): [string, GgufValue][] =>
    value === undefined ? [] : [[`tokenizer.ggml.${key}`, value]]
  );
  const templates = otherTemplates.map(({ name, template }): [string, string] => [
    `tokenizer.chat_template.${name}`,
    template,
  ]);
  if (templates.length > 0) {
    metadata.push(["tokenizer.chat_templates", { type: "strings", value: otherTemplates.map(({ name }) => name) }]);
  }
  if (chatTemplate !== undefined) templates.push(["tokenizer.chat_template", chatTemplate]);
  return [...metadata, ...templates.map(([key, value]): [string, GgufValue] => [key, { type: "string", value }])];
}

async function readTokens(directory: string): Promise<Tokens> {
  const jsonPath = join(directory, "tokenizer.json");
  const json = await readFileIfPresent(jsonPath, MAX_FILE_BYTES);
  if (json !== undefined) return tokensOfJson(json, jsonPath);
  const modelPath = join(directory, "tokenizer.model");
  const model = await readFileIfPresent(modelPath, MAX_FILE_BYTES);
  if (model === undefined) {
    throw new FormatError(`${directory} has no tokenizer: looked for tokenizer.json and tokenizer.model`, {
      kind: "notModel",
    });
  }
  const pieces = sentencePieces(model, modelPath);
  const { vocabulary } = parseSentencePieceModel(model, modelPath);
  const texts = pieces.map(({ text }) => text);
  const kinds = pieces.map(({ kind }) => kind);
  const scores = pieces.map(({ score }) => score);
  for (const { id, content, special } of await readAddedTokens(directory)) {
    if (texts[id] !== undefined) continue; // a piece already
    texts[id] = content;
    kinds[id] = special ? CONTROL : USER_DEFINED;
    scores[id] = 0;
  }
  return {
    ...{ texts, kinds, scores },
    model: "llama",
    unkId: vocabulary.unkId,
    prefixesSpace: vocabulary.stripsLeadingSpace,
  };
}

/** The fields of tokenizer.json that count here; {@linkcode parseTokenizerJson} has checked them. */
interface TokenizerFile {
  readonly added_tokens?: { readonly id: number; readonly content: string; readonly special?: boolean }[];
  readonly pre_tokenizer?: unknown;
  readonly decoder?: unknown;
  readonly model: {
    readonly vocab: Record<string, number>;
    readonly merges: (string | [string, string])[];
    readonly unk_token?: string | null;
  };
}

function tokensOfJson(bytes: Uint8Array, path: string): Tokens {
  const { unkId, stripsLeadingSpace: prefixesSpace } = parseTokenizerJson(bytes, path).vocabulary;
  const file = JSON.parse(new TextDecoder().decode(bytes)) as TokenizerFile;
  const { byteLevel } = parseDecoder(file.decoder, path);
  const { vocab, unk_token: unknown } = file.model;
  const merges = file.model.merges.map((merge) => typeof merge === "string" ? merge : merge.join(" "));
  const texts: string[] = [];
  const kinds: number[] = [];
  for (const [text, id] of Object.entries(vocab)) {
    texts[id] = text;
    const isByte = !byteLevel && fallbackByte(text) !== undefined;
    kinds[id] = text === unknown ? UNKNOWN : isByte ? BYTE : NORMAL;
  }
  for (const { id, content, special } of file.added_tokens ?? []) {
    texts[id] = content;
    if (content !== unknown) kinds[id] = special ? CONTROL : USER_DEFINED;
  }
  const common = { texts, kinds, unkId, prefixesSpace };
  if (byteLevel) return { ...common, model: "gpt2", merges, splitting: splittingOf(file.pre_tokenizer, path) };
  return { ...common, model: "llama", scores: scoresOf(texts, merges) };
}

/** A merged piece is as good as its first merge is early, as in SentencePiece's own files; other pieces come last. */
function scoresOf(texts: readonly string[], merges: readonly string[]): number[] {
  const ranks = new Map<string, number>();
  for (const [rank, merge] of merges.entries()) {
    const piece = merge.replace(" ", "");
    if (!ranks.has(piece)) ranks.set(piece, rank);
  }
  return Array.from(texts, (text) => -(ranks.get(text ?? "") ?? merges.length));
}

/** The name that llama.cpp has for the way in which a byte-level tokenizer splits text before merging. */
function splittingOf(preTokenizer: unknown, path: string): string {
  const steps = splittingSteps(preTokenizer);
  const name = splittingBySteps(steps);
  if (name !== undefined) return name;
  throw new FormatError(
    `${path}: its pre_tokenizer splits text by ${quoted(steps.join(" ") || "no pattern")}, which has no name in ` +
      `GGUF that is known here; known are ${SPLITTING_NAMES.join(", ")}`,
  );
}
