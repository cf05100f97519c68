import { z } from "zod";

/** How text is split before merging, by llama.cpp's names: the expression, and what comes before it. */
export const SPLITTINGS = {
  "llama-bpe": {
    split: "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|" +
      "\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
  },
  "qwen2": {
    split: "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|" +
      "\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
    normalizer: "NFC",
  },
  "gpt-2": { split: "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+" },
} as const;

/** Text that is split several times: each expression splits what those before it have left whole. */
export const SEQUENCES = {
  "smollm": ["\\p{N}", SPLITTINGS["gpt-2"].split],
  "deepseek-coder": ["[\\r\\n]", "\\s?\\p{L}+", "\\s?\\p{P}+", "[一-龥ࠀ-一가-퟿]+", "\\p{N}"],
  "deepseek-v3": [
    "\\p{N}{1,3}",
    "[一-龥\u3040-ゟ゠-ヿ]+",
    "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+|" +
    " ?[\\p{P}\\p{S}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
  ],
} as const;

/** A way to split text before merging. */
export type Splitting = keyof typeof SPLITTINGS | keyof typeof SEQUENCES;

/** The names of all ways to split text. */
export const SPLITTING_NAMES = [...Object.keys(SPLITTINGS), ...Object.keys(SEQUENCES)] as readonly Splitting[];

/** Other names that llama.cpp has for the same. */
const ALIASES: Readonly<Record<string, Splitting>> = {
  "default": "gpt-2",
  "llama3": "llama-bpe",
  "llama-v3": "llama-bpe",
  "deepseek-r1-qwen": "qwen2",
};

/** The way to split text that a name stands for; undefined for one that is not known. */
export function splittingNamed(name: string): Splitting | undefined {
  return SPLITTING_NAMES.find((known) => known === (ALIASES[name] ?? name));
}

/** The expressions of a way to split text, in their order. */
export function stepsOf(splitting: Splitting): readonly string[] {
  return splitting in SEQUENCES
    ? SEQUENCES[splitting as keyof typeof SEQUENCES]
    : [SPLITTINGS[splitting as keyof typeof SPLITTINGS].split];
}

/** The way to split text that has these expressions; undefined when none has. */
export function splittingBySteps(steps: readonly string[]): Splitting | undefined {
  return SPLITTING_NAMES.find((name) => JSON.stringify(stepsOf(name)) === JSON.stringify(steps));
}

/** The expressions by which the pre_tokenizer of a tokenizer.json splits text, in their order. */
export function splittingSteps(preTokenizer: unknown): string[] {
  const sequence = z.looseObject({ pretokenizers: z.array(z.unknown()) }).safeParse(preTokenizer);
  return (sequence.success ? sequence.data.pretokenizers : [preTokenizer]).flatMap(stepOf);
}

const PreTokenizer = z.looseObject({
  type: z.string(),
  pattern: z.looseObject({ Regex: z.string() }).optional(),
  individual_digits: z.boolean().optional(),
  use_regex: z.boolean().default(true),
});

function stepOf(step: unknown): string[] {
  const { type, pattern, individual_digits, use_regex } = PreTokenizer.safeParse(step).data ?? {};
  // Some files have line ends themselves in an expression, some their names.
  if (type === "Split") return [(pattern?.Regex ?? "").replaceAll("\r", "\\r").replaceAll("\n", "\\n")];
  if (type === "Digits") return [individual_digits ? "\\p{N}" : "\\p{N}+"];
  return type === "ByteLevel" && use_regex ? [SPLITTINGS["gpt-2"].split] : [];
}

/** A byte-level tokenizer; texts are in its alphabet, where each character stands for a byte. */
export interface ByteLevelTokenizer {
  readonly vocabulary: readonly { readonly id: number; readonly text: string }[];
  /** Pairs "left right", the first merged first. */
  readonly merges: readonly string[];
  /** Tokens beside those of merging; special ones stand for no text. */
  readonly added: readonly { readonly id: number; readonly text: string; readonly special: boolean }[];
  readonly splitting: Splitting;
  /** The token that stands before a text; none if absent. */
  readonly start?: { readonly id: number; readonly text: string } | undefined;
}

/** How an added token is looked for: anywhere, as it is, and alone. Hugging Face's library wants all of them said. */
const PLAIN = { single_word: false, lstrip: false, rstrip: false, normalized: false };

/** A byte-level tokenizer as the contents of a tokenizer.json. */
export function byteLevelTokenizer({ vocabulary, merges, added, splitting, start }: ByteLevelTokenizer): unknown {
  const byteLevel = { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: false };
  return {
    version: "1.0",
    added_tokens: added.map(({ id, text, special }) => ({ id, content: text, special, ...PLAIN })),
    normalizer: splitting === "qwen2" ? { type: SPLITTINGS[splitting].normalizer } : null,
    pre_tokenizer: {
      type: "Sequence",
      pretokenizers: [
        ...stepsOf(splitting).map((step) => (
          { type: "Split", pattern: { Regex: step }, behavior: "Isolated", invert: false }
        )),
        byteLevel,
      ],
    },
    post_processor: start === undefined ? null : startingWith(start),
    decoder: byteLevel,
    model: {
      type: "BPE",
      byte_fallback: false,
      ignore_merges: splitting === "llama-bpe",
      vocab: Object.fromEntries(vocabulary.map(({ id, text }) => [text, id])),
      merges,
    },
  };
}

/** A post-processor that puts a token before a text. */
function startingWith({ id, text }: { readonly id: number; readonly text: string }): unknown {
  const token = (type_id: number) => ({ SpecialToken: { id: text, type_id } });
  const sequence = (id: string, type_id: number) => ({ Sequence: { id, type_id } });
  return {
    type: "TemplateProcessing",
    single: [token(0), sequence("A", 0)],
    pair: [token(0), sequence("A", 0), token(1), sequence("B", 1)],
    special_tokens: { [text]: { id: text, ids: [id], tokens: [text] } },
  };
}
