import type { Device } from "./device.ts";
import { type Constants, render } from "./template.ts";
import { isRead, readAsTexels, type TexelBinding, texelFormat } from "./texels.ts";

/** A shader before it is specialised. */
export interface KernelSource {
  /** Its name in messages. */
  readonly name: string;
  /** Its WGSL template, or the pieces that make it up, in order. */
  readonly source: string | readonly string[];
  /**
   * Written bindings of which every thread reads only what was there before the dispatch, so that these reads may go to a
   * copy.
   */
  readonly readsBefore?: readonly string[];
}

/** A storage binding as its WGSL declares it. */
export interface Binding {
  readonly name: string;
  readonly access: "read" | "read_write";
  /** WGSL type of the array's elements. */
  readonly element: string;
  /** Whether it is only read, or what is read is what was there before, so that a copy may be read instead. */
  readonly copyable: boolean;
}

/** A pipeline and the layout of its bind group. */
export interface KernelForm {
  readonly pipeline: GPUComputePipeline;
  readonly layout: GPUBindGroupLayout;
  /** The WGSL that was compiled. */
  readonly code: string;
}

/** A shader for a device, with what its WGSL declares: the order of its storage bindings and of its uniforms. */
export interface Kernel {
  readonly name: string;
  /** Unique within a device. */
  readonly id: number;
  /** The WGSL, its template rendered. */
  readonly code: string;
  /** Storage bindings in order. Binding 0 is the uniform block, these follow from 1. */
  readonly bindings: readonly Binding[];
  /** Members of `struct Uniforms` in order; all are 4 bytes. */
  readonly uniforms: readonly { readonly name: string; readonly type: "u32" | "i32" | "f32" }[];
  /** Whether it can be run in parts: it has a uniform `firstGroup`. */
  readonly cuts: boolean;
  /** The kernel compiled to read some bindings as texels (texels.ts): bit i stands for bindings[i]. Compiled once. */
  readonly form: (texels: number) => KernelForm;
  /** The forms that were compiled so far. */
  readonly forms: ReadonlyMap<number, KernelForm>;
}

const compiled = new WeakMap<Device, Map<string, Kernel>>();

/** Numbers of the sources that have come up. Pieces are constants, which JavaScript hashes once, so looking one up is quick. */
const sourceNumbers = new Map<string, number>();

function sourceNumber(source: string): number {
  const known = sourceNumbers.get(source);
  if (known !== undefined) return known;
  sourceNumbers.set(source, sourceNumbers.size);
  return sourceNumbers.size - 1;
}

/** Name and WGSL of every kernel that was compiled for a device so far, each of its forms for itself. */
export function compiledShaders(device: Device): { readonly name: string; readonly code: string }[] {
  return [...compiled.get(device)?.values() ?? []].flatMap(({ name, forms }) =>
    [...forms.values()].map(({ code }) => ({ name, code }))
  );
}

/** What a WGSL text declares of its interface; the launchers pass tensors and uniforms by these names. */
export function reflect(code: string, readsBefore: readonly string[] = []): Pick<Kernel, "bindings" | "uniforms"> {
  const bindings: Binding[] = [];
  const declarations = /@binding\((\d+)\)\s*var<storage,\s*(read_write|read)>\s*(\w+):\s*array<(\w+)/g;
  for (const [, index, access, name, element] of code.matchAll(declarations)) {
    const copyable = access === "read" || readsBefore.includes(name!) && isRead(code, name!);
    bindings[Number(index) - 1] = { name: name!, access: access as Binding["access"], element: element!, copyable };
  }
  const struct = code.match(/struct Uniforms \{([^}]*)\}/)?.[1] ?? "";
  const uniforms = [...struct.matchAll(/(\w+): (u32|i32|f32)/g)]
    .map(([, name, type]) => ({ name: name!, type: type as "u32" | "i32" | "f32" }));
  return { bindings, uniforms };
}

/** Compiles a kernel for these constants once per device. Errors: the compiler's message with its line of the rendered text. */
export function compile(device: Device, kernelSource: KernelSource, constants: Constants = {}): Kernel {
  const { name, source, readsBefore = [] } = kernelSource;
  const pieces = typeof source === "string" ? [source] : source;
  let known = compiled.get(device);
  if (!known) compiled.set(device, known = new Map());
  const key = `${name} ${pieces.map(sourceNumber)} ${readsBefore} ${JSON.stringify(constants)}`;
  const found = known.get(key);
  if (found) return found;

  const code = render(pieces.join("\n"), constants);
  const { bindings, uniforms } = reflect(code, readsBefore);
  const forms = new Map<number, KernelForm>();
  const form = (texels: number) => {
    let made = forms.get(texels);
    if (!made) forms.set(texels, made = compileForm(device, name, code, bindings, texels));
    return made;
  };
  const cuts = uniforms.some(({ name }) => name === "firstGroup");
  const kernel: Kernel = { name, id: known.size, code, bindings, uniforms, cuts, form, forms };
  known.set(key, kernel);
  return kernel;
}

/** The bindings that are textures in a form: those that are only read have their own numbers, copies follow after all. */
export function textureBindings(bindings: readonly Binding[], texels: number): TexelBinding[] {
  let next = bindings.length + 1;
  return bindings.flatMap(({ name, element, access }, i) =>
    texels >> i & 1 ? [{ name, element, access, binding: access === "read" ? i + 1 : next++ }] : []
  );
}

function compileForm(
  device: Device,
  name: string,
  buffersOnly: string,
  bindings: readonly Binding[],
  texels: number,
): KernelForm {
  const read = textureBindings(bindings, texels);
  const code = readAsTexels(buffersOnly, read);
  const visibility = GPUShaderStage.COMPUTE;
  const layout = device.gpu.createBindGroupLayout({
    label: name,
    entries: [
      { binding: 0, visibility, buffer: { type: "uniform", hasDynamicOffset: true, minBindingSize: 256 } },
      ...bindings.flatMap(({ access }, i): GPUBindGroupLayoutEntry[] => {
        const type = access === "read" ? "read-only-storage" : "storage";
        return access === "read" && texels >> i & 1 ? [] : [{ binding: i + 1, visibility, buffer: { type } }];
      }),
      ...read.map(({ element, binding }): GPUBindGroupLayoutEntry => {
        const { format } = texelFormat(element)!;
        return { binding, visibility, storageTexture: { access: "read-only", format } };
      }),
    ],
  });
  const module = device.gpu.createShaderModule({ label: name, code });
  const pipeline = device.gpu.createComputePipeline({
    label: name,
    layout: device.gpu.createPipelineLayout({ bindGroupLayouts: [layout] }),
    compute: { module, entryPoint: "main" },
  });
  return { pipeline, layout, code };
}
