import { acoFigures } from "./aco.ts";
import { type Block, innerLoop, type LoopFigures } from "./instructions.ts";
import { nakFigures } from "./nak.ts";
import { occupancyOf } from "./occupancy.ts";
import type { Executable, ShaderLine } from "./output.ts";
import type { Target } from "./targets.ts";
import { workgroupBytes } from "./workgroup.ts";

/** What a compiler says of a shader; null for what it does not say. */
export interface CompilerFigures {
  /** Registers of a thread, and those that a subgroup shares. */
  readonly vectorRegisters: number | null;
  readonly scalarRegisters: number | null;
  /** Registers that did not fit: vectors lie in memory, scalars in lanes of a vector. */
  readonly spilledVector: number | null;
  readonly spilledScalar: number | null;
  /** Bytes of memory of its own that a thread (NVIDIA) or a subgroup (AMD) needs, mostly for spills. */
  readonly scratchBytes: number;
  /** Bytes that a workgroup shares. */
  readonly sharedBytes: number | null;
  /** Subgroups that a unit holds at once: a SIMD of AMD's, a multiprocessor of NVIDIA's. */
  readonly occupancy: number | null;
  readonly instructions: number;
  /** The compiler's estimates, in cycles: of one subgroup alone, and of each of many. */
  readonly latency: number | null;
  readonly inverseThroughput: number | null;
  readonly blocks: readonly Block[];
}

/** What is shown of a shader. */
export interface KernelFigures extends Omit<CompilerFigures, "blocks"> {
  readonly name: string;
  /** Threads of a subgroup as the compiler chose them. */
  readonly subgroupSize: number;
  /** Its innermost loop; null where it has none. */
  readonly loop: LoopFigures | null;
}

const readers = { aco: acoFigures, nak: nakFigures };

/** The figures of a shader that was compiled for a target. */
export function kernelFigures(
  target: Target,
  { shader, code, executable }: ShaderLine & { readonly executable: Executable },
): KernelFigures {
  const { blocks, ...said } = readers[target.compiler](executable);
  const sharedBytes = said.sharedBytes ?? workgroupBytes(code);
  const registers = said.vectorRegisters ?? 0;
  const occupancy = said.occupancy ?? (target.unit ? occupancyOf(target.unit, registers, sharedBytes, code) : null);
  const loop = innerLoop(blocks) ?? null;
  return { name: shader, subgroupSize: executable.subgroupSize, ...said, sharedBytes, occupancy, loop };
}

/** Registers that did not fit, of both kinds. */
export function spilled({ spilledVector, spilledScalar }: KernelFigures): number {
  return (spilledVector ?? 0) + (spilledScalar ?? 0);
}
