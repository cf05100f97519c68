import type { Device } from "./device.ts";
import { type Kernel, textureBindings } from "./kernel.ts";
import type { Tensor } from "./tensor.ts";
import { TexelCopies } from "./texel_copies.ts";
import { texelFormat } from "./texels.ts";
import type { Timings } from "./timings.ts";

/** Workgroups in x, y and z. */
export type Grid = readonly [number, number?, number?];

/** Bytes between the uniform blocks of two dispatches: the offset alignment that every WebGPU device accepts. */
const slot = 256;
const slots = 1024;

/** Bytes of GPU memory that a stream takes for itself. */
export const streamBytes = slot * slots;

const memoryIds = new WeakMap<GPUBuffer | GPUTexture, number>();
let nextMemoryId = 0;

function idOf(memory: GPUBuffer | GPUTexture): number {
  let id = memoryIds.get(memory);
  if (id === undefined) memoryIds.set(memory, id = nextMemoryId++);
  return id;
}

/** Whether elements of a WGSL type are worth a copy: only whole texels are quicker. */
function copied(element: string): boolean {
  return texelFormat(element)?.bytes === 16;
}

/** How a stream works. */
export interface StreamOptions {
  /** Measure every dispatch. */
  readonly timings?: Timings | undefined;
  /** Tensors of fewer bytes are not copied to textures, since the copy would cost more than it saves; 4,096. */
  readonly leastCopied?: number;
}

/**
 * Records dispatches in order and submits them together. Bind groups are made once for each combination of kernel and
 * tensors and reused ever after; the uniforms of all dispatches travel in one upload per submit.
 */
export class Stream {
  readonly #device: Device;
  readonly #timings: Timings | undefined;
  readonly #leastCopied: number;
  readonly #arena: GPUBuffer;
  readonly #staging = new ArrayBuffer(slot * slots);
  readonly #words = new DataView(this.#staging);
  readonly #groups = new Map<string, GPUBindGroup>();
  readonly #copies: TexelCopies | undefined;
  readonly #retired: GPUTexture[] = [];
  #used = 0;
  #encoder: GPUCommandEncoder | undefined;
  #pass: GPUComputePassEncoder | undefined;

  /** Takes a little memory for uniforms; close the stream to give it back. */
  constructor(device: Device, { timings, leastCopied = 4096 }: StreamOptions = {}) {
    this.#device = device;
    this.#timings = timings;
    this.#leastCopied = leastCopied;
    this.#copies = device.info.texels ? new TexelCopies(device) : undefined;
    this.#arena = device.createBuffer("uniforms", streamBytes, GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST);
  }

  /** The device that the work goes to. */
  get device(): Device {
    return this.#device;
  }

  /** Records one dispatch. Tensors and uniforms are passed by the names that the shader gives them. */
  run(
    kernel: Kernel,
    tensors: Readonly<Record<string, Tensor>>,
    uniforms: Readonly<Record<string, number>>,
    grid: Grid,
  ): void {
    const [x, y = 1, z = 1] = grid;
    if (x * y * z === 0) return;
    if (this.#used === slots) this.flush();
    const offset = this.#used++ * slot;
    kernel.uniforms.forEach(({ name, type }, i) => {
      const value = uniforms[name];
      if (value === undefined) throw new Error(`kernel ${kernel.name}: uniform ${name} is missing`);
      const at = offset + i * 4;
      if (type === "f32") this.#words.setFloat32(at, value, true);
      else this.#words.setUint32(at, value, true);
    });
    const textures = this.#textures(kernel, tensors);
    const group = this.#group(kernel, tensors, textures);
    const encoder = this.#encoder ??= this.#device.gpu.createCommandEncoder();
    if (this.#timings) {
      this.#pass?.end();
      this.#pass = encoder.beginComputePass({ timestampWrites: this.#timings.next(kernel.name) });
    } else this.#pass ??= encoder.beginComputePass();
    this.#pass.setPipeline(kernel.form(maskOf(textures)).pipeline);
    this.#pass.setBindGroup(0, group, [offset]);
    this.#pass.dispatchWorkgroups(x, y, z);
    if (!this.#copies) return;
    for (const { name, access } of kernel.bindings) if (access === "read_write") this.#copies.written(tensors[name]!);
  }

  /** The textures that a kernel reads instead of buffers, by binding. */
  #textures(kernel: Kernel, tensors: Readonly<Record<string, Tensor>>): (GPUTexture | undefined)[] {
    const textures: (GPUTexture | undefined)[] = kernel.bindings.map(({ name }) => tensors[name]?.texture);
    const copies = this.#copies;
    if (!copies) return textures;
    for (const [i, { name, copyable, element }] of kernel.bindings.entries()) {
      const tensor = tensors[name];
      if (!tensor || textures[i] || !copyable || !copied(element) || tensor.byteLength < this.#leastCopied) continue;
      textures[i] = copies.of(
        tensor,
        element,
        textures.filter((texture) => texture !== undefined),
        () => {
          this.#pass?.end();
          this.#pass = undefined;
          return this.#encoder ??= this.#device.gpu.createCommandEncoder();
        },
        (texture) => this.#retired.push(texture),
      );
    }
    return textures;
  }

  #group(
    kernel: Kernel,
    tensors: Readonly<Record<string, Tensor>>,
    textures: readonly (GPUTexture | undefined)[],
  ): GPUBindGroup {
    let key = `${kernel.id}`;
    kernel.bindings.forEach(({ name, access }, i) => {
      const tensor = tensors[name];
      if (!tensor) throw new Error(`kernel ${kernel.name}: tensor ${name} is missing`);
      const texture = textures[i];
      if (texture) key += ` ${idOf(texture)}`;
      if (!texture || access !== "read") key += ` ${idOf(tensor.buffer)}:${tensor.byteOffset}:${tensor.extent}`;
    });
    let group = this.#groups.get(key);
    if (!group) {
      const mask = maskOf(textures);
      const present = textures.filter((texture) => texture !== undefined);
      group = this.#device.gpu.createBindGroup({
        label: kernel.name,
        layout: kernel.form(mask).layout,
        entries: [
          { binding: 0, resource: { buffer: this.#arena, size: slot } },
          ...kernel.bindings.flatMap(({ name, access }, i): GPUBindGroupEntry[] => {
            const { buffer, byteOffset, extent } = tensors[name]!;
            const resource = { buffer, offset: byteOffset, size: extent };
            return access === "read" && textures[i] ? [] : [{ binding: i + 1, resource }];
          }),
          ...textureBindings(kernel.bindings, mask).map(({ binding }, n): GPUBindGroupEntry => {
            return { binding, resource: present[n]!.createView() };
          }),
        ],
      });
      this.#groups.set(key, group);
    }
    return group;
  }

  /** Hands everything recorded so far to the device; returns at once. */
  flush(): void {
    if (!this.#encoder) return;
    this.#pass?.end();
    this.#device.gpu.queue.writeBuffer(this.#arena, 0, this.#staging, 0, this.#used * slot);
    this.#device.gpu.queue.submit([this.#encoder.finish()]);
    this.#encoder = this.#pass = undefined;
    this.#used = 0;
    this.#copies?.forget();
    this.#retired.splice(0).forEach((texture) => this.#device.destroyTexels(texture));
    this.#device.check();
  }

  /** Submits what is recorded and lets go of all bind groups: those of freed tensors would stay for ever. */
  forget(): void {
    this.flush();
    this.#groups.clear();
  }

  /** Frees the stream's own memory and forgets its bind groups. */
  close(): void {
    this.forget();
    this.#copies?.close();
    this.#device.destroyBuffer(this.#arena);
  }
}

/** Bit i is set where binding i is a texture. */
function maskOf(textures: readonly (GPUTexture | undefined)[]): number {
  return textures.reduce((mask, texture, i) => texture ? mask | 1 << i : mask, 0);
}

/** Threads of a workgroup in kernels that work element by element. */
export const workgroup = 64;

/** Workgroups for `count` threads of one each, folded into two dimensions since one holds 65,535 at most. */
export function grid1d(count: number, threads: number = workgroup): Grid {
  const groups = Math.ceil(count / threads);
  const x = Math.min(groups, 65535);
  return [x, Math.ceil(groups / Math.max(1, x))];
}
