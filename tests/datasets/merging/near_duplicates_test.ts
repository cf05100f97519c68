import { assert, assertEquals } from "@std/assert";
import { NearDuplicates, signText } from "../../../datasets/merging/near_duplicates.ts";

/** Text of different words, the same for the same seed. */
function words(seed: number, count: number): string[] {
  return Array.from({ length: count }, (_, at) => (Math.imul(seed * 7919 + at + 1, 0x9e3779b1) >>> 0).toString(36));
}

Deno.test("NearDuplicates finds texts that differ in a word, in case or in punctuation, and no others", () => {
  const seen = new NearDuplicates();
  for (let seed = 1; seed <= 300; seed++) assert(seen.add(signText(words(seed, 60).join(" "))), `text ${seed}`);
  for (let seed = 1; seed <= 300; seed++) {
    const text = words(seed, 60);
    assertEquals(seen.add(signText(`${text.join(", ").toUpperCase()}!`)), false);
    assertEquals(seen.add(signText([...text.slice(0, 20), "other", ...text.slice(21)].join(" "))), false);
    const half = [...text.slice(0, 30), ...words(seed + 1000, 30)].join(" ");
    assertEquals(seen.add(signText(half)), true, "half of it is another text");
  }
});

Deno.test("NearDuplicates knows short texts apart, also Chinese ones", () => {
  const seen = new NearDuplicates();
  const texts = ["好", "不好", "一加一等于几", "一加二等于几", "", "写一首关于春天的诗", "写一首关于秋天的诗"];
  assertEquals(texts.map((text) => seen.add(signText(text))), texts.map(() => true));
  assertEquals(texts.map((text) => seen.add(signText(text))), texts.map(() => false));
});

Deno.test("the share of equal hashes estimates the share of common shingles", () => {
  const texts = [words(1, 100).join(""), words(1, 50).join("") + words(2, 50).join("")];
  const [one, other] = texts.map((text) => signText(text).bytes);
  const shingles = texts.map((text) =>
    new Set(Array.from({ length: text.length - 3 }, (_, at) => text.slice(at, at + 4)))
  );
  const common = shingles[0]!.intersection(shingles[1]!).size / shingles[0]!.union(shingles[1]!).size;
  const equal = one!.reduce((sum, byte, at) => sum + (byte === other![at] ? 1 : 0), 0) / one!.length;
  assert(Math.abs(equal - common) < 0.15, `${equal} and ${common}`);
});
