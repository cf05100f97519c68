/** Which sources' literal backslash-n are repaired: BELLE's, which are known to have them, all, or none. */
export const LITERAL_NEWLINES = ["belle", "repair", "keep"] as const;

/** One of {@link LITERAL_NEWLINES}. */
export type LiteralNewlines = typeof LITERAL_NEWLINES[number];

/** Where a literal backslash-n counts as a newline that was lost. */
export type NewlineRepair = "line-ends" | "everywhere";

/**
 * Repairs a fault of some BELLE files: a newline written as the two characters backslash and n, often next to a real
 * one. Each becomes a newline, and one that stands next to a real newline merges with it: `a\n⏎b` is two lines.
 *
 * The same two characters are legitimate in code, so the rule is careful.
 *
 * - "line-ends": only where the mark stands at the beginning or the end of a line (or of the text), but not behind a
 *   backslash or `\r` (`\\n`, `\r\n`), and a single one at a beginning not before a lower-case ASCII letter (`\nabla`).
 *   Code hardly ever has it there, so this is used for answers, and for the questions of sources that are not BELLE's.
 * - "everywhere": in the middle of a line too, but not inside quotes or backticks on that line, not behind a slash, a
 *   caret or an opening bracket or quote (`/\n/`, `[^\n]`), and a single one not before a lower-case ASCII letter
 *   (`C:\new`). Used for the questions, not the answers, of sources declared or detected as BELLE.
 *
 * Nothing is changed between ``` fences.
 */
export function normaliseNewlines(text: string, repair: NewlineRepair): string {
  if (!text.includes("\\n")) return text;
  return text.split("```").map((part, index) => {
    if (index % 2 === 1) return part;
    const ends = repairLineEnds(part);
    return repair === "everywhere" ? ends.split("\n").map(repairInside).join("\n") : ends;
  }).join("```");
}

/** A run of marks and real newlines that has at least one mark beside a real newline or the text's edge. */
function repairLineEnds(text: string): string {
  return text.replace(/(?<!\\|\\r|\\n)(?:\\n)+(?:\r?\n|$)|(?<=^|\n)(?:(?:\\n){2,}|\\n(?![a-z]))/g, (run) => {
    const marks = run.split("\\n").length - 1;
    return "\n".repeat(marks);
  });
}

function repairInside(line: string): string {
  if (!line.includes("\\n")) return line;
  const quoted = quotedSpans(line);
  let span = 0;
  return line.replace(/(?<![\\/^[(（“‘「『]|\\r)(?:(?:\\n){2,}|\\n(?![a-z]))/g, (marks, at: number) => {
    while (span < quoted.length && quoted[span]![1] <= at) span++;
    const inside = span < quoted.length && quoted[span]![0] < at;
    return inside ? marks : "\n".repeat(marks.length / 2);
  });
}

/** Spans between a pair of equal quotes or backticks; an apostrophe inside a word opens nothing. */
function quotedSpans(line: string): [number, number][] {
  return [...line.matchAll(/(["`])(?:\\.|(?!\1)[^\\])*\1|(?<![A-Za-z])'(?:\\.|[^'\\])*'/g)].map((found) => {
    return [found.index, found.index + found[0].length];
  });
}
