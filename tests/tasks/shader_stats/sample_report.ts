import type { KernelFigures, TargetReport } from "../../../tasks/shader_stats/report.ts";

type Loop = NonNullable<KernelFigures["loop"]>;

/** A kernel that neither spills nor loops, but for what is given. */
export function kernel(
  name: string,
  { loop, ...found }: Partial<Omit<KernelFigures, "loop">> & { readonly loop?: Partial<Loop> } = {},
): KernelFigures {
  return {
    name,
    subgroupSize: 64,
    vectorRegisters: 32,
    scalarRegisters: 128,
    spilledVector: 0,
    spilledScalar: 0,
    scratchBytes: 0,
    sharedBytes: 0,
    occupancy: 16,
    instructions: 100,
    latency: 1000,
    inverseThroughput: 200,
    ...found,
    loop: loop ? { instructions: 100, multiplyAdds: 1, share: 0, loads: 0, sharedLoads: 0, spills: 0, ...loop } : null,
  };
}

/** A report of navi21. */
export function reportOf(...kernels: KernelFigures[]): TargetReport {
  return { target: "navi21", card: "a card", driver: "radv", version: "Mesa 22.3.6", subgroups: 64, kernels };
}
