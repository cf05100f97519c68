// How many threads a subgroup has. Some drivers tell a range only, and choose for each kernel; so it is tried.
import { render } from "./template.ts";
import source from "./subgroup_probe.wgsl" with { type: "text" };

/**
 * Runs workgroups whose rows have `lanes` threads and gives, for each thread, the size of its subgroup, or 0 where its row
 * was not one subgroup in order; nothing where the device refuses. `choice` says whether the driver has several sizes.
 */
export type SubgroupProbe = (gpu: GPUDevice, lanes: number, choice: boolean) => Promise<Iterable<number>>;

/** Sizes that the kernels know, in the order in which they are tried. */
const sizes = [32, 64, 16, 8, 4];

/** The shapes of the kernels' workgroups, by rows, and vectors that a thread keeps: a few, or as many as a tile. */
const shapes = [{ rows: 1, kept: 4 }, { rows: 2, kept: 64 }, { rows: 4, kept: 4 }];
/** A driver that has one size cannot choose another for a larger kernel. */
const shapesOfOne = [{ rows: 2, kept: 4 }];
const groups = 7;

interface SubgroupRange {
  readonly subgroupMinSize?: number;
  readonly subgroupMaxSize?: number;
}

/** The size of subgroups that holds in every workgroup of every shape, within the range that the adapter tells; 0 if none does. */
export async function fixedSubgroupSize(
  gpu: GPUDevice,
  { subgroupMinSize: min = 4, subgroupMaxSize: max = 64 }: SubgroupRange,
  probe: SubgroupProbe = runProbe,
): Promise<number> {
  for (const lanes of sizes.filter((size) => size >= min && size <= max)) {
    const found = [...await probe(gpu, lanes, min !== max)];
    if (found.length > 0 && found.every((size) => size === lanes)) return lanes;
  }
  return 0;
}

/** The probe's kernels for rows of so many threads, and how many rows their workgroups have. */
export function probeKernels(lanes: number, choice: boolean): { readonly rows: number; readonly code: string }[] {
  return (choice ? shapes : shapesOfOne).map(({ rows, kept }) => {
    return { rows, code: render(source, { LANES: lanes, GROUP_ROWS: rows, KEPT: kept }) };
  });
}

/** Runs the probe on a device. */
export async function runProbe(gpu: GPUDevice, lanes: number, choice: boolean): Promise<Iterable<number>> {
  const tried = probeKernels(lanes, choice);
  const usage = GPUBufferUsage;
  const counts = tried.map(({ rows }) => lanes * rows * groups);
  const offsets = counts.map((_, i) => counts.slice(0, i).reduce((sum, count) => sum + count, 0) * 4);
  const bytes = counts.reduce((sum, count) => sum + count, 0) * 4;
  const made: GPUBuffer[] = [];
  const make = (size: number, usage: number) => {
    const buffer = gpu.createBuffer({ label: "subgroup probe", size, usage });
    made.push(buffer);
    return buffer;
  };
  const scopes = ["validation", "internal"] as const;
  for (const scope of scopes) gpu.pushErrorScope(scope);
  let found: Uint32Array | undefined;
  try {
    const zero = make(16, usage.UNIFORM);
    const staging = make(bytes, usage.MAP_READ | usage.COPY_DST);
    const encoder = gpu.createCommandEncoder();
    tried.forEach(({ code }, i) => {
      const module = gpu.createShaderModule({ label: "subgroup probe", code });
      const pipeline = gpu.createComputePipeline({ layout: "auto", compute: { module, entryPoint: "main" } });
      const results = make(counts[i]! * 4, usage.STORAGE | usage.COPY_SRC);
      const entries = [zero, results].map((buffer, binding) => ({ binding, resource: { buffer } }));
      const pass = encoder.beginComputePass();
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, gpu.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries }));
      pass.dispatchWorkgroups(groups);
      pass.end();
      encoder.copyBufferToBuffer(results, 0, staging, offsets[i]!, counts[i]! * 4);
    });
    gpu.queue.submit([encoder.finish()]);
    await staging.mapAsync(GPUMapMode.READ);
    found = new Uint32Array(staging.getMappedRange().slice(0));
  } catch { /* a refusal of another kind */ }
  for (const _ of scopes) if (await gpu.popErrorScope().catch((error) => error)) found = undefined;
  for (const buffer of made) buffer.destroy();
  return found ?? [];
}
