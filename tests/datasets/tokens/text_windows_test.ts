import { assertEquals } from "@std/assert";
import { packText } from "../../../datasets/tokens/text_windows.ts";

/** One id a character: its code point; bos is 1, eos 2. */
const letters = {
  encode: (text: string, limit: number) => Array.from(text, (letter) => letter.codePointAt(0)!).slice(0, limit),
  bosId: 1,
  eosId: 2,
};

const windows = (paragraphs: string[], maxTokens: number, counts = [100]) =>
  [...packText(paragraphs, letters, { maxTokens, counts })].map(({ ids, truncated, done }) => ({
    text: String.fromCodePoint(...ids.subarray(1, -1)),
    ends: [ids[0], ids.at(-1)],
    truncated,
    done,
  }));

Deno.test("packText() fills windows with as many whole paragraphs as fit, bos before and eos behind them", () => {
  const ends = [1, 2];
  assertEquals(windows(["ab", "cd", "e\nf", "h"], 7), [
    { text: "ab\ncd", ends, truncated: false, done: 2 },
    { text: "e\nf\nh", ends, truncated: false, done: 4 },
  ]);
});

Deno.test("packText() puts no more paragraphs into a window than its turn allows", () => {
  assertEquals(windows(["a", "b", "c", "d", "e"], 100, [1, 2]).map(({ text }) => text), ["a", "b\nc", "d", "e"]);
});

Deno.test("packText() cuts a paragraph that is longer than a window, and says so", () => {
  const cut = windows(["a", "bcdefgh", "i"], 6);
  assertEquals(cut.map(({ text, truncated }) => [text, truncated]), [["a", false], ["bcde", true], ["i", false]]);
});

Deno.test("packText() of nothing gives nothing", () => assertEquals(windows([], 8), []));
