// What compilers made of our kernels: `shader-stats --all --json`, cut to what the model reads.
import { z } from "../../mod.ts";
import now from "./statistics.json" with { type: "json" };
import before from "./statistics_before.json" with { type: "json" };

const kernel = z.object({
  /** Of the loop that computes, for each multiply-add: instructions, loads from memory, 16-byte loads from workgroup memory. */
  instructions: z.number().min(0.25),
  loads: z.number().min(0),
  sharedLoads: z.number().min(0),
  /** Registers stored to memory or loaded from it, for each multiply-add. */
  spills: z.number().min(0),
  /** Registers of a thread, and subgroups that fit on a SIMD (AMD) or a multiprocessor (NVIDIA). */
  registers: z.number().int(),
  fit: z.number().int().min(1),
}).strict();

const schema = z.object({
  /** Digest of the kernels, as shader-stats prints it. */
  digest: z.string(),
  targets: z.record(z.string(), z.record(z.string(), kernel)),
}).strict();

/** Statistics of one kernel on one target. */
export type KernelStatistics = z.output<typeof kernel>;

/** Statistics of the kernels of one version. */
export type Statistics = z.output<typeof schema>;

/** Of today's kernels. */
export const STATISTICS: Statistics = schema.parse(now);

/**
 * Of the kernels before attention went through workgroup memory. The loop of their products had another around it, in which
 * chunks were copied: its instructions are counted in, as often as it runs.
 */
export const STATISTICS_BEFORE: Statistics = schema.parse(before);

/** @throws {Error} when there are none of a kernel on a target */
export function statisticsOf({ targets }: Statistics, target: string, name: string): KernelStatistics {
  const found = targets[target]?.[name];
  if (!found) throw new Error(`statistics of ${name} on ${target} wanted, found none`);
  return found;
}
