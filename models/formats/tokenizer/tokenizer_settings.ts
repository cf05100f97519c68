// What is known of a tokenizer beside its vocabulary: tokenizer_config.json, the chat template wherever it stands, and
// generation_config.json.
import { checked } from "../checked.ts";
import { join } from "@std/path";
import { z } from "zod";
import { FormatError, quoted } from "../error.ts";
import { type GenerationConfig, readGenerationConfig } from "../generation_config.ts";
import { readFileIfPresent, readJsonFile } from "../json_file.ts";
import type { Vocabulary } from "./vocabulary.ts";

/** Files beside tokenizer.json or tokenizer.model that a tokenizer needs. */
export const TOKENIZER_COMPANIONS: readonly string[] = [
  "tokenizer_config.json",
  "added_tokens.json",
  "special_tokens_map.json",
  "chat_template.jinja",
  "chat_template.json",
  "generation_config.json",
];

const MAX_TEMPLATE_BYTES = 10_000_000;

/** A chat template by its name. */
export interface NamedTemplate {
  readonly name: string;
  readonly template: string;
}

/** What is known of a tokenizer beside its vocabulary. */
export interface TokenizerSettings {
  /** Begins a text where one is to begin with something. */
  readonly bosId: number;
  /** Ends a text. */
  readonly eosId: number;
  /** Whether the tokenizer has a begin token at all: `bos_token` may be null. */
  readonly hasBos: boolean;
  /** Whether encoding a text puts the begin token before it, as transformers does with this tokenizer. */
  readonly addsBos: boolean;
  /** The chat template, in Jinja; undefined if there is none. */
  readonly chatTemplate: string | undefined;
  /** Further templates by their names, such as `tool_use`. */
  readonly otherTemplates: readonly NamedTemplate[];
  readonly generation: GenerationConfig;
}

const TokenName = z.union([z.string(), z.looseObject({ content: z.string() }).transform(({ content }) => content)]);
const ChatTemplate = z.union([z.string(), z.array(z.looseObject({ name: z.string(), template: z.string() }))])
  .nullish();
const TokenizerConfig = z.looseObject({
  tokenizer_class: z.string().nullish(),
  bos_token: TokenName.nullish(),
  eos_token: TokenName.nullish(),
  add_bos_token: z.boolean().nullish(),
  chat_template: ChatTemplate,
});
type TokenizerConfig = z.output<typeof TokenizerConfig>;

/** Classes of transformers that put bos before a text unless they are told otherwise. */
const ADDS_BOS = /^(Llama|CodeLlama|Gemma)Tokenizer(Fast)?$/;

/**
 * Reads the settings of a tokenizer.
 *
 * @throws {FormatError} when a file is not valid, or no end token is known
 */
export async function readTokenizerSettings(directory: string, vocabulary: Vocabulary): Promise<TokenizerSettings> {
  const path = join(directory, "tokenizer_config.json");
  const config = checked(TokenizerConfig, await readJsonFile(path) ?? {}, path);
  const generation = await readGenerationConfig(directory);
  const idOf = (field: "bos_token" | "eos_token"): number | undefined => {
    const name = config[field];
    if (!name) return undefined; // some old folders have an empty string here
    const id = vocabulary.ids.get(name);
    if (id === undefined) throw new FormatError(`${path}: ${field} is ${quoted(name)}, not in ${vocabulary.path}`);
    return id;
  };
  const eosId = idOf("eos_token") ?? vocabulary.eosId ?? generation.eosIds[0];
  if (eosId === undefined) {
    throw new FormatError(`${path}: eos_token is missing, and ${vocabulary.path} has none either`);
  }
  const bosId = idOf("bos_token") ?? vocabulary.bosId;
  const hasBos = bosId !== undefined && namesBos(config, vocabulary);
  return {
    bosId: bosId ?? eosId,
    eosId,
    hasBos,
    addsBos: hasBos && addsBos(config, vocabulary),
    ...await readChatTemplates(directory, config.chat_template),
    generation,
  };
}

/** Where `bos_token` is not named, its class or the tokenizer's own file may have one; null says that there is none. */
function namesBos({ bos_token, tokenizer_class }: TokenizerConfig, { addsBos }: Vocabulary): boolean {
  if (bos_token !== undefined) return bos_token !== null;
  return addsBos === true || tokenizer_class == null || ADDS_BOS.test(tokenizer_class);
}

/** `add_bos_token` decides, then the tokenizer's own file, then its class, and then what SentencePiece's kind does. */
function addsBos({ add_bos_token, tokenizer_class }: TokenizerConfig, vocabulary: Vocabulary): boolean {
  return add_bos_token ?? vocabulary.addsBos ??
    (tokenizer_class == null || tokenizer_class.startsWith("PreTrained")
      ? vocabulary.stripsLeadingSpace
      : ADDS_BOS.test(tokenizer_class));
}

/** A file of its own comes before tokenizer_config.json, where it is one text or a list with one named `default`. */
async function readChatTemplates(
  directory: string,
  inConfig: z.output<typeof ChatTemplate>,
): Promise<Pick<TokenizerSettings, "chatTemplate" | "otherTemplates">> {
  const file = await readFileIfPresent(join(directory, "chat_template.jinja"), MAX_TEMPLATE_BYTES);
  const jsonPath = join(directory, "chat_template.json");
  const json = checked(z.looseObject({ chat_template: ChatTemplate }), await readJsonFile(jsonPath) ?? {}, jsonPath);
  const listed = inConfig ?? json.chat_template ?? undefined;
  const all = Array.isArray(listed) ? listed : listed === undefined ? [] : [{ name: "default", template: listed }];
  const own = file === undefined ? undefined : new TextDecoder().decode(file);
  return {
    chatTemplate: own ?? all.find(({ name }) => name === "default")?.template,
    otherTemplates: all.filter(({ name }) => name !== "default").map(({ name, template }) => ({ name, template })),
  };
}

/** A token that stands beside the pieces of tokenizer.model. */
export interface AddedToken {
  readonly id: number;
  readonly content: string;
  /** Whether it stands for no text. */
  readonly special: boolean;
}

const Decoder = z.record(
  z.string().regex(/^\d{1,7}$/),
  z.looseObject({ content: z.string(), special: z.boolean().default(false) }),
);
const Added = z.record(z.string(), z.number().int().min(0).max(2 ** 22));

/**
 * The tokens that a folder adds to its tokenizer.model: `added_tokens_decoder` of tokenizer_config.json, which says which
 * are special, and added_tokens.json, which does not: those count as special, as the old tokenizer of transformers has it.
 *
 * @throws {FormatError} when a file is not valid, or two tokens have one id
 */
export async function readAddedTokens(directory: string): Promise<AddedToken[]> {
  const path = join(directory, "tokenizer_config.json");
  const withDecoder = z.looseObject({ added_tokens_decoder: Decoder.nullish() });
  const config = checked(withDecoder, await readJsonFile(path) ?? {}, path);
  const addedPath = join(directory, "added_tokens.json");
  const added = checked(Added, await readJsonFile(addedPath) ?? {}, addedPath);
  const tokens = new Map<number, AddedToken>();
  for (const [id, { content, special }] of Object.entries(config.added_tokens_decoder ?? {})) {
    tokens.set(Number(id), { id: Number(id), content, special });
  }
  for (const [content, id] of Object.entries(added)) {
    const known = tokens.get(id);
    if (known === undefined) tokens.set(id, { id, content, special: true });
    else if (known.content !== content) {
      throw new FormatError(`${addedPath}: ${quoted(content)} has the id ${id} of ${quoted(known.content)} in ${path}`);
    }
  }
  return [...tokens.values()].toSorted((one, other) => one.id - other.id);
}
