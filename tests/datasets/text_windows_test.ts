import { assertEquals } from "@std/assert";
import { packLines } from "../../datasets/text_windows.ts";

/** One id a character: its code point; bos is 1, eos 2. */
const letters = {
  encode: (text: string, limit: number) => Array.from(text, (letter) => letter.codePointAt(0)!).slice(0, limit),
  bosId: 1,
  eosId: 2,
};

const windows = (lines: string[], maxTokens: number) =>
  [...packLines(lines, letters, maxTokens)].map(({ ids, truncated, lines }) => ({
    text: String.fromCodePoint(...ids.subarray(1, -1)),
    ends: [ids[0], ids.at(-1)],
    truncated,
    lines,
  }));

Deno.test("packLines() fills windows with as many whole lines as fit, bos before and eos behind them", () => {
  const ends = [1, 2];
  assertEquals(windows(["ab", "cd", "efg", "h"], 7), [
    { text: "ab\ncd", ends, truncated: false, lines: 2 },
    { text: "efg\nh", ends, truncated: false, lines: 4 },
  ]);
});

Deno.test("packLines() cuts a line that is longer than a window, and says so", () => {
  const cut = windows(["a", "bcdefgh", "i"], 6);
  assertEquals(cut.map(({ text, truncated }) => [text, truncated]), [["a", false], ["bcde", true], ["i", false]]);
});

Deno.test("packLines() of nothing gives nothing", () => assertEquals(windows([], 8), []));
