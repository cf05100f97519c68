// A report for people to read. It is sent to us, and is in English.
import { partTables } from "../bench/tables.ts";
import { machineLines } from "../bench/machine.ts";
import { reportLines } from "../doctor/report.ts";
import type { CardReport } from "./report.ts";

const fenced = (text: string) => ["```", text.trimEnd(), "```"].join("\n");
/** A cell of a table: on one line, and without its separator. */
const cell = (text: string) => text.replaceAll("|", "\\|").replaceAll("\n", " ");

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map(cell).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

/** The report as Markdown. */
export function reportMarkdown(report: CardReport): string {
  const { date, deno, target, doctor, tests, bench, quickstart, parts } = report;
  const sections = [
    `# ${doctor?.device.description ?? "A device that did not open"}`,
    `Card report of vicuna, ${date}, Deno ${deno}, ${target}.`,
    table(
      ["part", "", "seconds", "why"],
      parts.map(({ part, end, seconds, reason = "" }) => [part, end, seconds.toFixed(1), reason]),
    ),
  ];
  if (doctor) sections.push("## Device and self-check", fenced(reportLines(doctor, doctor.freeDisk, "en").join("\n")));
  if (tests) {
    const { passed, failed, skipped } = tests;
    sections.push("## Numeric tests", `${passed} passed, ${failed.length} failed, ${skipped} skipped.`);
    for (const { name, message } of failed) sections.push(`${cell(name)}\n\n${fenced(message)}`);
  }
  const benches = Object.values(bench);
  if (benches[0]) sections.push("## Speed", machineLines(benches[0].machine, "en").replace("\n", ". ") + ".");
  for (const each of benches) {
    const part = each.kernels.length > 0 ? "kernels" : "steps";
    sections.push(fenced(partTables(part, each, "en")));
  }
  if (quickstart) {
    const { steps, digest, steps_per_second: rate, losses } = quickstart;
    const [first, last] = [losses[0], losses.at(-1)];
    const learnt = first === undefined || last === undefined ? "" : `, loss ${first.toFixed(3)} to ${last.toFixed(3)}`;
    sections.push(
      "## Quickstart",
      `${steps} steps, ${rate.toFixed(2)} steps/s${learnt}.${
        digest === null ? "" : ` Digest of the adapter:\n\n${fenced(digest)}`
      }`,
    );
  }
  return `${sections.join("\n\n")}\n`;
}
