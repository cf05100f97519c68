import type { SequenceTokenizer } from "./build_sequence.ts";

/** Lines of plain text as ids to learn from. */
export interface TextWindow {
  /** bos, the lines with line ends between them, eos. */
  readonly ids: Uint32Array<ArrayBuffer>;
  /** Whether a line was too long and lost its end. */
  readonly truncated: boolean;
  /** How many lines are in this window and those before it. */
  readonly lines: number;
}

/**
 * Packs lines into windows, in their order: as many whole ones as fit.
 *
 * @param maxTokens most ids of a window, with bos and eos
 */
export function* packLines(
  lines: readonly string[],
  tokenizer: Pick<SequenceTokenizer, "encode" | "bosId" | "eosId">,
  maxTokens: number,
): Generator<TextWindow> {
  const room = maxTokens - 2;
  const encode = (text: string) => Array.from(tokenizer.encode(text, room + 1));
  let begin = 0;
  let kept: number[] = [];
  const window = (end: number): TextWindow => ({
    ids: Uint32Array.of(tokenizer.bosId, ...kept.slice(0, room), tokenizer.eosId),
    truncated: kept.length > room,
    lines: end,
  });
  for (let end = 1; end <= lines.length; end++) {
    const grown = encode(lines.slice(begin, end).join("\n"));
    if (grown.length > room && end - begin > 1) {
      yield window(end - 1);
      begin = end - 1;
      kept = encode(lines[begin]!);
    } else {
      kept = grown;
    }
  }
  if (begin < lines.length) yield window(lines.length);
}
