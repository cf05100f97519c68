import type { SequenceTokenizer } from "../templates/build_sequence.ts";

/** Plain text as ids to learn from. */
export interface TextWindow {
  /** bos, the paragraphs with line ends between them, eos. */
  readonly ids: Uint32Array<ArrayBuffer>;
  /** Whether a paragraph was too long and lost its end. */
  readonly truncated: boolean;
  /** How many paragraphs are in this window and those before it. */
  readonly done: number;
}

/** How windows are filled. */
export interface TextWindowOptions {
  /** Most ids of a window, with bos and eos. */
  readonly maxTokens: number;
  /** Most paragraphs of a window, of one window after the other and from the start again. */
  readonly counts: readonly number[];
}

/** Packs paragraphs into windows, in their order: as many whole ones as fit and as are allowed. */
export function* packText(
  paragraphs: readonly string[],
  tokenizer: Pick<SequenceTokenizer, "encode" | "eosId"> & { readonly bosId: number },
  { maxTokens, counts }: TextWindowOptions,
): Generator<TextWindow> {
  const room = maxTokens - 2;
  const encode = (begin: number, end: number) =>
    Array.from(tokenizer.encode(paragraphs.slice(begin, end).join("\n"), room + 1));
  for (let begin = 0, index = 0; begin < paragraphs.length; index++) {
    const limit = Math.min(begin + counts[index % counts.length]!, paragraphs.length);
    let end = begin + 1;
    let kept = encode(begin, end);
    while (end < limit) {
      const grown = encode(begin, end + 1);
      if (grown.length > room) break;
      kept = grown;
      end++;
    }
    const ids = Uint32Array.of(tokenizer.bosId, ...kept.slice(0, room), tokenizer.eosId);
    yield { ids, truncated: kept.length > room, done: end };
    begin = end;
  }
}
