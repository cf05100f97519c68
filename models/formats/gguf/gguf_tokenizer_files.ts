import { byteLevelTokenizer, SPLITTING_NAMES, splittingNamed } from "../tokenizer/byte_level_tokenizer.ts";
import { FormatError, quoted } from "../error.ts";
import type { GgufFile } from "./gguf_file.ts";
import type { NamedTemplate } from "../tokenizer/tokenizer_settings.ts";
import { bytesField, floatField, integerField, joinFields } from "../tokenizer/protobuf_writer.ts";

/** Types of tokens, numbered as in SentencePiece. */
const NORMAL = 1, UNKNOWN = 2, CONTROL = 3, USER_DEFINED = 4, BYTE = 6;

interface Token {
  readonly id: number;
  readonly text: string;
  readonly kind: number;
}

/** A file of a model folder. */
export interface TextFile {
  readonly name: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/**
 * The tokenizer in the metadata of a GGUF file as the files of a Hugging Face folder: tokenizer.model for SentencePiece's
 * kind, tokenizer.json for byte-level merges, and tokenizer_config.json.
 *
 * @throws {FormatError} when there is none, or it is of another kind
 */
export function ggufTokenizerFiles(file: GgufFile): TextFile[] {
  const model = file.value("tokenizer.ggml.model", "string");
  if (model !== "llama" && model !== "gpt2") {
    const shown = model === undefined ? "missing" : quoted(model);
    throw new FormatError(`${file.path}: tokenizer.ggml.model is ${shown}; supported: "llama", "gpt2"`);
  }
  const tokens = readTokens(file);
  const limit = (key: string) => {
    const id = file.value(`tokenizer.ggml.${key}`, "number");
    if (id === undefined) return null;
    const token = tokens[id];
    if (token === undefined) throw new FormatError(`${file.path}: tokenizer.ggml.${key} is ${id}, which is no token`);
    return token.text;
  };
  const bos = limit("bos_token_id");
  const starts = bos !== null && addsBos(file, model);
  const config = {
    tokenizer_class: classOf(file, model),
    bos_token: bos,
    eos_token: limit("eos_token_id"),
    unk_token: limit("unknown_token_id"),
    add_bos_token: starts,
    ...templates(file),
  };
  const start = starts ? tokens.find(({ text }) => text === bos) : undefined;
  return [
    model === "llama"
      ? { name: "tokenizer.model", bytes: sentencePieceModel(tokens, file) }
      : { name: "tokenizer.json", bytes: jsonBytes(tokenizerJson(tokens, file, start)) },
    { name: "tokenizer_config.json", bytes: jsonBytes(config) },
  ];
}

const jsonBytes = (record: unknown) => new TextEncoder().encode(JSON.stringify(record) + "\n");

/** Where the file does not say, llama.cpp puts the begin token before a text of SentencePiece's kind and of LLaMA 3's. */
function addsBos(file: GgufFile, model: "llama" | "gpt2"): boolean {
  return file.value("tokenizer.ggml.add_bos_token", "boolean") ??
    (model === "llama" || splittingNamed(file.value("tokenizer.ggml.pre", "string") ?? "default") === "llama-bpe");
}

/** The class of transformers that makes the same ids. */
function classOf(file: GgufFile, model: "llama" | "gpt2"): string {
  if (model === "llama") return "LlamaTokenizer";
  return file.value("tokenizer.ggml.pre", "string") === "qwen2" ? "Qwen2Tokenizer" : "PreTrainedTokenizerFast";
}

/** The chat template, and others by name: a list of them where there are any. */
function templates(file: GgufFile): { chat_template?: string | NamedTemplate[] } {
  const text = file.value("tokenizer.chat_template", "string");
  const others = (file.value("tokenizer.chat_templates", "strings") ?? []).flatMap((name): NamedTemplate[] => {
    const template = file.value(`tokenizer.chat_template.${name}`, "string");
    return template === undefined ? [] : [{ name, template }];
  });
  if (others.length === 0) return text === undefined ? {} : { chat_template: text };
  return { chat_template: [...text === undefined ? [] : [{ name: "default", template: text }], ...others] };
}

function readTokens(file: GgufFile): Token[] {
  const texts = file.value("tokenizer.ggml.tokens", "strings");
  if (texts === undefined || texts.length === 0) throw new FormatError(`${file.path} has no tokenizer.ggml.tokens`);
  const kinds = file.value("tokenizer.ggml.token_type", "numbers");
  expectLength(file, "token_type", kinds, texts.length);
  return texts.map((text, id) => ({ id, text, kind: kinds?.[id] ?? NORMAL }));
}

function expectLength(file: GgufFile, key: string, list: ArrayLike<number> | undefined, length: number): void {
  if (list !== undefined && list.length !== length) {
    throw new FormatError(`${file.path}: tokenizer.ggml.${key} has ${list.length} entries for ${length} tokens`);
  }
}

/** Field numbers of sentencepiece_model.proto. */
const PIECES = 1, TRAINER = 2, NORMALIZER = 3;
const PIECE_TEXT = 1, PIECE_SCORE = 2, PIECE_TYPE = 3;
const MODEL_TYPE = 3, BYTE_FALLBACK = 35, UNK_ID = 40, BOS_ID = 41, EOS_ID = 42;
const NORMALIZER_NAME = 1, ADD_DUMMY_PREFIX = 3, REMOVE_EXTRA_SPACES = 4, ESCAPE_SPACES = 5;
const BPE = 2;

/** llama.cpp merges the pair whose piece scores highest, as SentencePiece's BPE does. */
function sentencePieceModel(tokens: readonly Token[], file: GgufFile): Uint8Array<ArrayBuffer> {
  const scores = file.value("tokenizer.ggml.scores", "numbers");
  if (scores === undefined) throw new FormatError(`${file.path} has no tokenizer.ggml.scores`);
  expectLength(file, "scores", scores, tokens.length);
  const utf8 = new TextEncoder();
  const pieces = tokens.map(({ id, text, kind }) =>
    bytesField(
      PIECES,
      joinFields([
        bytesField(PIECE_TEXT, utf8.encode(text)),
        floatField(PIECE_SCORE, scores[id] ?? 0),
        integerField(PIECE_TYPE, kind),
      ]),
    )
  );
  const idOf = (key: string, field: number) => {
    const id = file.value(`tokenizer.ggml.${key}`, "number");
    return id === undefined ? [] : [integerField(field, id)];
  };
  const trainer = joinFields([
    integerField(MODEL_TYPE, BPE),
    integerField(BYTE_FALLBACK, tokens.some(({ kind }) => kind === BYTE) ? 1 : 0),
    ...idOf("unknown_token_id", UNK_ID),
    ...idOf("bos_token_id", BOS_ID),
    ...idOf("eos_token_id", EOS_ID),
  ]);
  const flag = (key: string, otherwise: boolean) => file.value(`tokenizer.ggml.${key}`, "boolean") ?? otherwise ? 1 : 0;
  const normalizer = joinFields([
    bytesField(NORMALIZER_NAME, utf8.encode("identity")),
    integerField(ADD_DUMMY_PREFIX, flag("add_space_prefix", true)),
    integerField(REMOVE_EXTRA_SPACES, flag("remove_extra_whitespaces", false)),
    integerField(ESCAPE_SPACES, 1),
  ]);
  return joinFields([...pieces, bytesField(TRAINER, trainer), bytesField(NORMALIZER, normalizer)]);
}

function tokenizerJson(tokens: readonly Token[], file: GgufFile, start: Token | undefined): unknown {
  const merges = file.value("tokenizer.ggml.merges", "strings");
  if (merges === undefined) throw new FormatError(`${file.path} has no tokenizer.ggml.merges`);
  const named = file.value("tokenizer.ggml.pre", "string") ?? "default";
  const splitting = splittingNamed(named);
  if (splitting === undefined) {
    throw new FormatError(
      `${file.path}: tokenizer.ggml.pre is ${quoted(named)}; supported: default, ${SPLITTING_NAMES.join(", ")}`,
    );
  }
  const isAdded = ({ kind }: Token) => kind === CONTROL || kind === UNKNOWN || kind === USER_DEFINED;
  return byteLevelTokenizer({
    vocabulary: tokens.filter(({ kind }) => kind === NORMAL || kind === BYTE),
    merges,
    added: tokens.filter(isAdded).map(({ kind, ...token }) => ({ ...token, special: kind !== USER_DEFINED })),
    splitting,
    start,
  });
}
