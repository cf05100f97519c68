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

/** A way to split text before merging. */
export type Splitting = keyof typeof SPLITTINGS;

/** True for the name of one of the {@linkcode SPLITTINGS}. */
export function isSplitting(name: string): name is Splitting {
  return Object.hasOwn(SPLITTINGS, name);
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
  const { split, ...rest } = SPLITTINGS[splitting];
  const byteLevel = { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: false };
  return {
    version: "1.0",
    added_tokens: added.map(({ id, text, special }) => ({ id, content: text, special, ...PLAIN })),
    normalizer: "normalizer" in rest ? { type: rest.normalizer } : null,
    pre_tokenizer: {
      type: "Sequence",
      pretokenizers: [
        { type: "Split", pattern: { Regex: split }, behavior: "Isolated", invert: false },
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
