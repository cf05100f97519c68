// make_lexicon.ts against the whole dictionary, which takes seconds to read.
import { assertEquals, assertThrows } from "@std/assert";
import { lexiconText, toned } from "../../datasets/embedded/make_lexicon.ts";

const folder = new URL("../../datasets/embedded/", import.meta.url);

Deno.test("make_lexicon.ts makes lexicon.tsv byte for byte from CC-CEDICT", () => {
  const made = lexiconText(Deno.readTextFileSync(new URL("words_by_kind.txt", folder)));
  assertEquals(Deno.readTextFileSync(new URL("lexicon.tsv", folder)), made);
});

Deno.test("lexiconText() refuses a pair that the dictionary does not know", () => {
  assertThrows(() => lexiconText("animal: 猫 dog\n"), Error, "wanted 猫 to mean dog");
});

Deno.test("toned() puts the mark where pinyin has it", () => {
  assertEquals(
    ["Zhong1 guo2", "nu:3 hai2", "hou2 zi5", "xue2 xiao4", "gui4", "jiu3"].map(toned),
    ["zhōng guó", "nǚ hái", "hóu zi", "xué xiào", "guì", "jiǔ"],
  );
});
