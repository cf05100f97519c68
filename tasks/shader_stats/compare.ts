import { type KernelFigures, spilled, type StatsReport } from "./report.ts";

/** What is compared of a kernel, by the name of its column. */
export const COMPARED = {
  registers: ({ vectorRegisters }: KernelFigures) => vectorRegisters,
  spilled,
  scratch: ({ scratchBytes }: KernelFigures) => scratchBytes,
  shared: ({ sharedBytes }: KernelFigures) => sharedBytes,
  occupancy: ({ occupancy }: KernelFigures) => occupancy,
  instructions: ({ instructions }: KernelFigures) => instructions,
  loop: ({ loop }: KernelFigures) => loop?.instructions ?? null,
  share: ({ loop }: KernelFigures) => loop && Math.round(loop.share * 100),
  throughput: ({ inverseThroughput }: KernelFigures) => inverseThroughput,
} as const satisfies Record<string, (kernel: KernelFigures) => number | null>;

/** A figure that is compared. */
export type ComparedFigure = keyof typeof COMPARED;

/** A kernel that differs between two runs; of one that only one of them has, the other side is absent. */
export interface KernelDifference {
  readonly target: string;
  readonly kernel: string;
  readonly only?: "before" | "now";
  readonly changes: readonly {
    readonly figure: ComparedFigure;
    readonly before: number | null;
    readonly now: number | null;
  }[];
}

/** The kernels that differ, on the targets that both runs have, in the order of `now`. */
export function compareReports(before: StatsReport, now: StatsReport): KernelDifference[] {
  return now.targets.flatMap(({ target, kernels }) => {
    const earlier = before.targets.find((each) => each.target === target)?.kernels;
    if (!earlier) return [];
    const byName = new Map(earlier.map((kernel) => [kernel.name, kernel]));
    const names = new Set(kernels.map(({ name }) => name));
    const found = kernels.map((kernel): KernelDifference => {
      const old = byName.get(kernel.name);
      if (!old) return { target, kernel: kernel.name, only: "now", changes: [] };
      const changes = (Object.keys(COMPARED) as ComparedFigure[])
        .map((figure) => ({ figure, before: COMPARED[figure](old), now: COMPARED[figure](kernel) }))
        .filter(({ before, now }) => before !== now);
      return { target, kernel: kernel.name, changes };
    });
    const gone = earlier.filter(({ name }) => !names.has(name)).map(({ name }): KernelDifference => {
      return { target, kernel: name, only: "before", changes: [] };
    });
    return [...found, ...gone].filter(({ only, changes }) => only !== undefined || changes.length > 0);
  });
}
