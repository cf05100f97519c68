import { SAMPLE_TEXTS } from "./sample_tokenizers.ts";

/** Random text: known characters, runs of one character, and characters from anywhere in Unicode; the same seed gives the same text. */
export function randomText(seed: number): string {
  let state = seed * 2654435761 >>> 0;
  const next = (limit: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
  const known = [...SAMPLE_TEXTS.join(" \n▁</s>"), " ", " ", "\n", "\t"];
  const parts = Array.from({ length: next(40) }, () => {
    const kind = next(10);
    if (kind < 6) return known[next(known.length)]!;
    if (kind < 7) return known[next(known.length)]!.repeat(1 + next(30));
    if (kind < 8) return String.fromCodePoint(0x4e00 + next(0x5200));
    const code = next(0x110000);
    return code >= 0xd800 && code < 0xe000 ? " " : String.fromCodePoint(code);
  });
  return parts.join("");
}
