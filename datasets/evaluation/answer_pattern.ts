import { RE2JS } from "re2js";

/**
 * A regular expression of JavaScript (with the flag u) that comes from a file, to be matched by RE2: its time is in
 * proportion to the text, whatever the pattern. What RE2 has not, lookaround and references back, is refused.
 *
 * @throws {Error} saying what is wrong with it
 */
export function answerPattern(pattern: string): RE2JS {
  let inClass = false;
  const same = pattern.replace(/\\(?:[pP]\{(?:Script|sc|General_Category|gc)=|[^])|[[\]]/g, (part) => {
    if (part === "[" || part === "]") inClass = part === "[";
    if (/^\\[pP]\{/.test(part)) return part.slice(0, 3);
    // Blanks are those of all scripts in JavaScript, those of ASCII in RE2.
    if (part === "\\s") return inClass ? BLANKS : `[${BLANKS}]`;
    return part === "\\S" && !inClass ? `[^${BLANKS}]` : part;
  });
  return RE2JS.compile(RE2JS.translateRegExp(same));
}

const BLANKS = "\\t\\n\\v\\f\\r\\p{Z}\\x{feff}";
