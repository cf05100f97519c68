import type { Device } from "./device.ts";
import { type Constants, render } from "./template.ts";

/** A shader before it is specialised: its name in messages, and its WGSL template. */
export interface KernelSource {
  readonly name: string;
  readonly source: string;
}

/** A compiled shader, with what its WGSL declares: the order of its storage bindings and of its uniforms. */
export interface Kernel {
  readonly name: string;
  /** Unique within a device. */
  readonly id: number;
  /** The WGSL that was compiled, its template rendered. */
  readonly code: string;
  readonly pipeline: GPUComputePipeline;
  readonly layout: GPUBindGroupLayout;
  /** Storage bindings in order: their WGSL names. Binding 0 is the uniform block, these follow from 1. */
  readonly bindings: readonly string[];
  /** Members of `struct Uniforms` in order; all are 4 bytes. */
  readonly uniforms: readonly { readonly name: string; readonly type: "u32" | "i32" | "f32" }[];
  /** Whether it can be run in parts: it has a uniform `firstGroup`. */
  readonly cuts: boolean;
}

const compiled = new WeakMap<Device, Map<string, Kernel>>();

/** Every kernel that was compiled for a device so far. */
export function compiledKernels(device: Device): Kernel[] {
  return [...compiled.get(device)?.values() ?? []];
}

/** What a WGSL text declares of its interface; the launchers pass tensors and uniforms by these names. */
export function reflect(code: string): Pick<Kernel, "bindings" | "uniforms"> & { access: ("read" | "read_write")[] } {
  const bindings: string[] = [];
  const access: ("read" | "read_write")[] = [];
  for (const [, index, mode, name] of code.matchAll(/@binding\((\d+)\)\s*var<storage,\s*(read_write|read)>\s*(\w+)/g)) {
    bindings[Number(index) - 1] = name!;
    access[Number(index) - 1] = mode as "read" | "read_write";
  }
  const struct = code.match(/struct Uniforms \{([^}]*)\}/)?.[1] ?? "";
  const uniforms = [...struct.matchAll(/(\w+): (u32|i32|f32)/g)]
    .map(([, name, type]) => ({ name: name!, type: type as "u32" | "i32" | "f32" }));
  return { bindings, access, uniforms };
}

/** Compiles a kernel for these constants once per device. Errors: the compiler's message with its line of the rendered text. */
export function compile(device: Device, { name, source }: KernelSource, constants: Constants = {}): Kernel {
  let known = compiled.get(device);
  if (!known) compiled.set(device, known = new Map());
  const key = `${name} ${JSON.stringify(constants)}`;
  const found = known.get(key);
  if (found) return found;

  const code = render(source, constants);
  const { bindings, access, uniforms } = reflect(code);
  const visibility = GPUShaderStage.COMPUTE;
  const layout = device.gpu.createBindGroupLayout({
    label: name,
    entries: [
      { binding: 0, visibility, buffer: { type: "uniform", hasDynamicOffset: true, minBindingSize: 256 } },
      ...access.map((mode, i): GPUBindGroupLayoutEntry => ({
        binding: i + 1,
        visibility,
        buffer: { type: mode === "read" ? "read-only-storage" : "storage" },
      })),
    ],
  });
  const module = device.gpu.createShaderModule({ label: name, code });
  const pipeline = device.gpu.createComputePipeline({
    label: name,
    layout: device.gpu.createPipelineLayout({ bindGroupLayouts: [layout] }),
    compute: { module, entryPoint: "main" },
  });
  const cuts = uniforms.some(({ name }) => name === "firstGroup");
  const kernel: Kernel = { name, id: known.size, code, pipeline, layout, bindings, uniforms, cuts };
  known.set(key, kernel);
  return kernel;
}
