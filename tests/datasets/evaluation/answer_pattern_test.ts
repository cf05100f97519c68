import { assertEquals, assertThrows } from "@std/assert";
import { answerPattern } from "../../../datasets/evaluation/answer_pattern.ts";

/** What a pattern finds: all of it, then its groups. */
function find(pattern: string, text: string): (string | null)[] | undefined {
  const match = answerPattern(pattern).matcher(text);
  if (!match.find()) return undefined;
  return Array.from({ length: match.groupCount() + 1 }, (_, at) => match.group(at) as string | null);
}

Deno.test("answerPattern() finds what a regular expression of JavaScript finds", () => {
  const patterns = [
    "答案是?[:：]?\\s*(?<letter>[A-D])",
    "^\\p{Script=Han}+$",
    "[\\s,]+B",
    "\\u7b54(.)",
    "\\u{7b54}",
    "(a|ab)(c|bcd)?",
    "\\S+",
    "x{2,3}?",
    "[^\\]a]+",
    "a\\/b|\\d+$",
  ];
  const texts = ["答案：\u3000B", "答案", "abcd", "ok, B", "\u00a0xxx", "a/b", "[]a 17", ""];
  for (const pattern of patterns) {
    for (const text of texts) {
      const wanted = new RegExp(pattern, "u").exec(text);
      const found = find(pattern, text)?.map((group) => group ?? undefined);
      assertEquals(found, wanted === null ? undefined : [...wanted], `${pattern} in ${JSON.stringify(text)}`);
    }
  }
});

Deno.test("answerPattern() takes no more time for a pattern that goes back and back", () => {
  assertEquals(find("^(a|a)*(a*)*b$", "a".repeat(5000)), undefined);
  assertThrows(() => answerPattern("(?=a)b"));
  assertThrows(() => answerPattern("(a)\\1"));
});
