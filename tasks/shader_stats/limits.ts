// How good the kernels must be on the targets of Debian 12: limits.json has a line for each that is not yet as it should be, and
// the share of multiply-adds that the loops of products and attention have reached. Lines follow the figures: a kernel that
// is worse than its line fails, and so does a line that is looser than its kernel.
import { z } from "zod";
import { type KernelFigures, spilled, type StatsReport, type TargetReport } from "./report.ts";

const line = z.strictObject({
  /** Registers that may be spilled; 0 when left out. */
  spills: z.number().int().positive().optional(),
  /** Bytes of scratch that it may have; 0 when left out. */
  scratch: z.number().int().positive().optional(),
  /** The least share of multiply-adds in its loop. */
  share: z.number().min(0).max(1).optional(),
});

/** The file. */
export const statsLimits = z.strictObject({
  aim: z.string(),
  /** The compiler that they hold for. */
  version: z.string(),
  targets: z.record(z.string(), z.record(z.string(), line)),
});

/** What is allowed. */
export type StatsLimits = z.infer<typeof statsLimits>;
type LimitLine = z.infer<typeof line>;

/** A difference between a line and its kernel. */
export interface LimitFault {
  readonly target: string;
  readonly kernel: string;
  /** Whether the kernel is worse than its line, the line looser than its kernel, missing, or of no kernel. */
  readonly fault: "worse" | "loose" | "missing" | "gone";
  readonly figure?: keyof LimitLine;
  readonly found?: number;
  readonly limit?: number;
}

/** So much may a line be looser than its kernel. */
const slack = 1.05;
/** Loops with so many multiply-adds have a floor: their share says how quick a kernel is. */
const flooredMultiplyAdds = 64;

/** The share that a kernel's line must have, in hundredths; undefined where it needs none. */
function floored({ loop }: KernelFigures): number | undefined {
  return loop && loop.multiplyAdds >= flooredMultiplyAdds ? Math.floor(loop.share * 100) / 100 : undefined;
}

type Judged = Omit<LimitFault, "target" | "kernel">;

/** A figure that should be small, against the most that it may be. */
function judgeMost(figure: "spills" | "scratch", found: number, limit = 0): Judged[] {
  if (found > limit) return [{ fault: "worse", figure, found, limit }];
  return limit > found * slack ? [{ fault: "loose", figure, found, limit }] : [];
}

/** A share, against the least that it may be. */
function judgeShare(found: number | undefined, limit: number | undefined): Judged[] {
  const figure = "share";
  if (found === undefined) return limit === undefined ? [] : [{ fault: "gone", figure, limit }];
  if (limit === undefined) return [{ fault: "missing", figure, found }];
  if (found < limit) return [{ fault: "worse", figure, found, limit }];
  return found > limit * slack ? [{ fault: "loose", figure, found, limit }] : [];
}

function judgeKernel(kernel: KernelFigures, line: LimitLine): Judged[] {
  return [
    ...judgeMost("spills", spilled(kernel), line.spills),
    ...judgeMost("scratch", kernel.scratchBytes, line.scratch),
    ...judgeShare(floored(kernel), line.share),
  ];
}

/** Every difference between the limits and a target's kernels. Targets that have no limits have no faults. */
export function judge({ target, kernels }: TargetReport, limits: StatsLimits): LimitFault[] {
  const lines = limits.targets[target];
  if (!lines) return [];
  const names = new Set(kernels.map(({ name }) => name));
  return [
    ...kernels.flatMap((kernel) =>
      judgeKernel(kernel, lines[kernel.name] ?? {}).map((fault) => ({ target, kernel: kernel.name, ...fault }))
    ),
    ...Object.keys(lines).filter((name) => !names.has(name)).map((kernel) => {
      return { target, kernel, fault: "gone" as const };
    }),
  ];
}

/** Targets that the limits hold for, and those of another version of the compiler. */
export function judgedTargets(
  { targets }: StatsReport,
  limits: StatsLimits,
): { readonly judged: readonly TargetReport[]; readonly others: readonly TargetReport[] } {
  const limited = targets.filter(({ target }) => target in limits.targets);
  return {
    judged: limited.filter(({ version }) => version === limits.version),
    others: limited.filter(({ version }) => version !== limits.version),
  };
}

function pinLine(kernel: KernelFigures, line: LimitLine): LimitLine {
  const spills = Math.min(line.spills ?? 0, spilled(kernel));
  const scratch = Math.min(line.scratch ?? 0, kernel.scratchBytes);
  const found = floored(kernel);
  const share = found === undefined ? undefined : Math.max(line.share ?? 0, found);
  return { ...(spills > 0 && { spills }), ...(scratch > 0 && { scratch }), ...(share !== undefined && { share }) };
}

/** The limits with the lines of these targets as tight as the kernels allow; none becomes looser, which a person must write. */
export function pinLimits(reports: readonly TargetReport[], limits: StatsLimits): StatsLimits {
  const targets = { ...limits.targets };
  for (const { target, kernels } of reports) {
    const before = targets[target];
    if (!before) continue;
    const lines = kernels.map((kernel) => [kernel.name, pinLine(kernel, before[kernel.name] ?? {})] as const);
    targets[target] = Object.fromEntries(lines.filter(([, line]) => Object.keys(line).length > 0));
  }
  return { ...limits, targets };
}

/** The text of the file: a line for each kernel. */
export function limitsText({ aim, version, targets }: StatsLimits): string {
  const kernels = (lines: Record<string, LimitLine>) =>
    Object.entries(lines).map(([name, line]) => {
      const figures = Object.entries(line).map(([figure, value]) => `"${figure}": ${value}`).join(", ");
      return `      ${JSON.stringify(name)}: { ${figures} }`;
    }).join(",\n");
  const all = Object.entries(targets).map(([target, lines]) =>
    `    ${JSON.stringify(target)}: {\n${kernels(lines)}\n    }`
  );
  return `{\n  "aim": ${JSON.stringify(aim)},\n  "version": ${JSON.stringify(version)},\n  "targets": {\n${
    all.join(",\n")
  }\n  }\n}\n`;
}
