// What a run of shader-stats finds, as --json prints it and --compare reads it.
import { z } from "zod";

const count = z.number().nonnegative();
/** Null where a compiler does not say. */
const said = count.nullable();

const loop = z.object({
  instructions: count,
  multiplyAdds: count,
  /** Instructions of which are multiply-adds, 0 … 1. */
  share: count,
  /** Loads from memory, and from that of a workgroup, for each multiply-add. */
  loads: count,
  sharedLoads: count,
  /** Instructions that move registers to memory and back because there are too few. */
  spills: count,
});

const kernel = z.object({
  /** The kernel and its variant. */
  name: z.string(),
  /** Threads of a subgroup as the compiler chose them. */
  subgroupSize: count,
  /** Registers of a thread, and those that a subgroup shares. */
  vectorRegisters: said,
  scalarRegisters: said,
  /** Registers that did not fit: vectors lie in memory, scalars in lanes of a vector. */
  spilledVector: said,
  spilledScalar: said,
  /** Bytes of memory of its own that a thread (NVIDIA) or a subgroup (AMD) needs, mostly for spills. */
  scratchBytes: count,
  /** Bytes that a workgroup shares. */
  sharedBytes: count,
  /** Subgroups that a unit holds at once: a SIMD of AMD's, a multiprocessor of NVIDIA's. */
  occupancy: said,
  instructions: count,
  /** The compiler's estimates, in cycles: of one subgroup alone, and of each of many. */
  latency: said,
  inverseThroughput: said,
  /** The loop in which most is computed, without those within it. */
  loop: loop.nullable(),
});

const target = z.object({
  target: z.string(),
  card: z.string(),
  /** The driver and its version, in its own words. */
  driver: z.string(),
  version: z.string(),
  /** Threads of the subgroups that kernels are written for on it; 0 for kernels without. */
  subgroups: count,
  kernels: z.array(kernel),
});

/** A run. */
export const statsReport = z.object({
  /** Of the sources of all kernels (launches/shaders.ts). */
  digest: z.string(),
  targets: z.array(target),
});

/** A run's findings. */
export type StatsReport = z.infer<typeof statsReport>;
/** All kernels on one target. */
export type TargetReport = z.infer<typeof target>;
/** What is known of one kernel on one target. */
export type KernelFigures = z.infer<typeof kernel>;
/** The loop of a kernel. */
export type LoopFigures = z.infer<typeof loop>;

/** Registers that did not fit, of both kinds. */
export function spilled({ spilledVector, spilledScalar }: KernelFigures): number {
  return (spilledVector ?? 0) + (spilledScalar ?? 0);
}
