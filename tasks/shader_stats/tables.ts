// The findings for people to read.
import Table from "cli-table3";
import type { KernelDifference } from "./compare.ts";
import type { LimitFault } from "./limits.ts";
import type { StatsWords } from "./messages.ts";
import { type KernelFigures, spilled, type TargetReport } from "./report.ts";

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const made = new Table({ head: [...head], style: { head: [], border: [], compact: true } });
  for (const row of rows) made.push([...row]);
  return made.toString();
}

/** What a compiler does not say is empty. */
const text = (value: number | null) => value === null ? "" : String(value);
const each = (loads: number) => Number(loads.toFixed(3));

function row(kernel: KernelFigures): string[] {
  const { name, subgroupSize, vectorRegisters, scalarRegisters, loop } = kernel;
  return [
    name,
    String(subgroupSize),
    text(vectorRegisters) + (scalarRegisters === null ? "" : ` / ${scalarRegisters}`),
    (kernel.spilledVector === null ? "" : String(spilled(kernel))) +
    (loop && loop.spills > 0 ? ` (${loop.spills})` : ""),
    String(kernel.scratchBytes),
    String(kernel.sharedBytes),
    text(kernel.occupancy),
    String(kernel.instructions),
    loop ? String(loop.instructions) : "",
    loop && loop.multiplyAdds > 0 ? `${Math.round(loop.share * 100)} %` : "",
    loop && loop.multiplyAdds > 0 ? `${each(loop.loads)} + ${each(loop.sharedLoads)}` : "",
    text(kernel.latency),
    text(kernel.inverseThroughput),
  ];
}

/** Whether registers did not fit. */
const spills = (kernel: KernelFigures) => spilled(kernel) + kernel.scratchBytes > 0;

/** The kernels of a target, and how many of them spill. */
export function targetTable(
  { target, card, driver, version, subgroups, kernels }: TargetReport,
  words: StatsWords,
): string {
  const heading = `${target}: ${words.heading(card, `${driver} ${version}`, subgroups)}`;
  const count = words.spilling(target, kernels.filter(spills).length, kernels.length);
  return [heading, table(words.columns, kernels.map(row)), count].join("\n");
}

/** What differs from an earlier run. */
export function differenceTable(differences: readonly KernelDifference[], words: StatsWords): string {
  if (differences.length === 0) return words.same;
  return table(
    ["", words.columns[0]!, ""],
    differences.map(({ target, kernel, only, changes }) => [
      target,
      kernel,
      only
        ? words.only[only]
        : changes.map(({ figure, before, now }) => `${words.figures[figure]} ${text(before)} → ${text(now)}`).join(
          ", ",
        ),
    ]),
  );
}

/** A difference between the limits and a kernel, in a line. */
export function faultLine(fault: LimitFault, words: StatsWords): string {
  return `✗ ${fault.target}, ${fault.kernel}: ${words.limits[fault.fault](fault)}`;
}
