import type { Device } from "./device.ts";
import { type Kernel, textureBindings } from "./kernel.ts";
import { workOf } from "./submit_limit.ts";
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

/** Bit i is set where binding i is a texture. */
function maskOf(textures: readonly (GPUTexture | undefined)[]): number {
  return textures.reduce((mask, texture, i) => texture ? mask | 1 << i : mask, 0);
}

/** What goes to the device in one submit. */
interface Piece {
  readonly commands: GPUCommandBuffer;
  readonly uniforms: ArrayBuffer;
  /** Operations, see {@linkcode Stream.run}. */
  readonly work: number;
  /** Copies that gave way to larger ones, and are freed once it is submitted. */
  readonly retired: readonly GPUTexture[];
}

/** So many bind groups are remembered: copies change places, so that there is no end to their combinations. */
const mostGroups = 8192;

/** Lets timers, signals and other waiting work have their turn. */
const turn = () => new Promise((resume) => setTimeout(resume));

/**
 * Records dispatches in order and submits them together, as many as the device's `submits` allow at once. Bind groups are
 * made once for each combination of kernel and tensors and reused ever after; the uniforms of all dispatches travel in one
 * upload per submit.
 */
export class Stream {
  readonly #device: Device;
  readonly #timings: Timings | undefined;
  readonly #arena: GPUBuffer;
  readonly #staging = new ArrayBuffer(slot * slots);
  readonly #words = new DataView(this.#staging);
  readonly #groups = new Map<string, GPUBindGroup>();
  readonly #leastCopied: number;
  readonly #copies: TexelCopies | undefined;
  #retired: GPUTexture[] = [];
  /** Recorded pieces that were not submitted yet. */
  readonly #pieces: Piece[] = [];
  #used = 0;
  #work = 0;
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

  /**
   * Records one dispatch. Tensors and uniforms are passed by the names that the shader gives them. A kernel with a uniform
   * `firstGroup`, which it adds to workgroup_id.y, is cut along y where the whole is too much for one submit.
   *
   * @param flops operations of the dispatch, where these take longer than moving what is bound
   */
  run(
    kernel: Kernel,
    tensors: Readonly<Record<string, Tensor>>,
    uniforms: Readonly<Record<string, number>>,
    grid: Grid,
    flops = 0,
  ): void {
    const [x, y = 1, z = 1] = grid;
    if (x * y * z === 0) return;
    const bytes = kernel.bindings.reduce((sum, { name }) => sum + (tensors[name]?.byteLength ?? 0), 0);
    const work = workOf(bytes, flops);
    const { most } = this.#device.submits;
    const cuts = kernel.cuts ? Math.min(y, Math.ceil(flops / most)) : 1;
    const rows = Math.ceil(y / Math.max(1, cuts));
    for (let firstGroup = 0; firstGroup < y; firstGroup += rows) {
      const part = Math.min(rows, y - firstGroup);
      this.#record(kernel, tensors, { ...uniforms, firstGroup }, [x, part, z], work * part / y);
    }
  }

  #record(
    kernel: Kernel,
    tensors: Readonly<Record<string, Tensor>>,
    uniforms: Readonly<Record<string, number>>,
    [x, y, z]: readonly [number, number, number],
    work: number,
  ): void {
    if (this.#used === slots || this.#used > 0 && this.#work + work > this.#device.submits.most) this.#seal();
    this.#work += work;
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

  /** Ends the piece that is being recorded. */
  #seal(): void {
    if (!this.#encoder) return;
    this.#pass?.end();
    const uniforms = this.#staging.slice(0, this.#used * slot);
    const [commands, work, retired] = [this.#encoder.finish(), this.#work, this.#retired];
    this.#pieces.push({ commands, uniforms, work, retired });
    this.#encoder = this.#pass = undefined;
    this.#used = this.#work = 0;
    this.#retired = [];
    this.#copies?.forget();
    if (retired.length > 0 || this.#groups.size > mostGroups) this.#groups.clear();
  }

  #submit({ commands, uniforms, work, retired }: Piece): void {
    const { gpu, submits } = this.#device;
    gpu.queue.writeBuffer(this.#arena, 0, uniforms);
    gpu.queue.submit([commands]);
    submits.submitted(work);
    for (const texture of retired) this.#device.destroyTexels(texture);
    try {
      this.#device.check();
    } catch (error) {
      this.#pieces.length = 0;
      throw error;
    }
  }

  /** Hands everything recorded so far to the device; returns at once. For little work, or where nothing can be awaited. */
  flush(): void {
    this.#seal();
    for (let piece = this.#pieces.shift(); piece; piece = this.#pieces.shift()) this.#submit(piece);
  }

  /**
   * Hands everything recorded so far to the device, a piece whenever the one before is done; comes back with the last. Timers
   * and signals are heard between pieces.
   *
   * @param onPart is told which share of it is done
   */
  async submit(onPart: (share: number) => void = () => {}): Promise<void> {
    this.#seal();
    const all = this.#pieces.reduce((sum, { work }) => sum + work, 0);
    let submitted = 0;
    for (let piece = this.#pieces.shift(); piece; piece = this.#pieces.shift()) {
      const waits = this.#device.submits.isFull(piece.work);
      if (waits) this.#device.wait();
      this.#submit(piece); // before the others' turn, so that the device works meanwhile
      if (waits) {
        onPart(submitted / all);
        await turn();
      }
      submitted += piece.work;
    }
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

/** Threads of a workgroup in kernels that work element by element. */
export const workgroup = 64;

/** Workgroups for `count` threads of one each, folded into two dimensions since one holds 65,535 at most. */
export function grid1d(count: number, threads: number = workgroup): Grid {
  const groups = Math.ceil(count / threads);
  const x = Math.min(groups, 65535);
  return [x, Math.ceil(groups / Math.max(1, x))];
}
