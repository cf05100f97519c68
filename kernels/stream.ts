import type { Device } from "./device.ts";
import type { Kernel } from "./kernel.ts";
import { workOf } from "./submit_limit.ts";
import type { Tensor } from "./tensor.ts";
import type { Timings } from "./timings.ts";

/** Workgroups in x, y and z. */
export type Grid = readonly [number, number?, number?];

/** Bytes between the uniform blocks of two dispatches: the offset alignment that every WebGPU device accepts. */
const slot = 256;
const slots = 1024;

/** Bytes of GPU memory that a stream takes for itself. */
export const streamBytes = slot * slots;

const bufferIds = new WeakMap<GPUBuffer, number>();
let nextBufferId = 0;

function bufferId(buffer: GPUBuffer): number {
  let id = bufferIds.get(buffer);
  if (id === undefined) bufferIds.set(buffer, id = nextBufferId++);
  return id;
}

/** What goes to the device in one submit. */
interface Piece {
  readonly commands: GPUCommandBuffer;
  readonly uniforms: ArrayBuffer;
  /** Operations, see {@linkcode Stream.run}. */
  readonly work: number;
}

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
  /** Recorded pieces that were not submitted yet. */
  readonly #pieces: Piece[] = [];
  #used = 0;
  #work = 0;
  #encoder: GPUCommandEncoder | undefined;
  #pass: GPUComputePassEncoder | undefined;

  /** With `timings`, every dispatch is measured. */
  constructor(device: Device, options: { readonly timings?: Timings | undefined } = {}) {
    this.#device = device;
    this.#timings = options.timings;
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
    const bytes = kernel.bindings.reduce((sum, name) => sum + (tensors[name]?.byteLength ?? 0), 0);
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
    this.#encoder ??= this.#device.gpu.createCommandEncoder();
    if (this.#timings) {
      this.#pass?.end();
      this.#pass = this.#encoder.beginComputePass({ timestampWrites: this.#timings.next(kernel.name) });
    } else this.#pass ??= this.#encoder.beginComputePass();
    this.#pass.setPipeline(kernel.pipeline);
    this.#pass.setBindGroup(0, this.#group(kernel, tensors), [offset]);
    this.#pass.dispatchWorkgroups(x, y, z);
  }

  #group(kernel: Kernel, tensors: Readonly<Record<string, Tensor>>): GPUBindGroup {
    let key = `${kernel.id}`;
    for (const name of kernel.bindings) {
      const tensor = tensors[name];
      if (!tensor) throw new Error(`kernel ${kernel.name}: tensor ${name} is missing`);
      key += ` ${bufferId(tensor.buffer)}:${tensor.byteOffset}:${tensor.extent}`;
    }
    let group = this.#groups.get(key);
    if (!group) {
      group = this.#device.gpu.createBindGroup({
        label: kernel.name,
        layout: kernel.layout,
        entries: [
          { binding: 0, resource: { buffer: this.#arena, size: slot } },
          ...kernel.bindings.map((name, i): GPUBindGroupEntry => {
            const { buffer, byteOffset, extent } = tensors[name]!;
            return { binding: i + 1, resource: { buffer, offset: byteOffset, size: extent } };
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
    this.#pass!.end();
    const uniforms = this.#staging.slice(0, this.#used * slot);
    this.#pieces.push({ commands: this.#encoder.finish(), uniforms, work: this.#work });
    this.#encoder = this.#pass = undefined;
    this.#used = this.#work = 0;
  }

  #submit({ commands, uniforms, work }: Piece): void {
    const { gpu, submits } = this.#device;
    gpu.queue.writeBuffer(this.#arena, 0, uniforms);
    gpu.queue.submit([commands]);
    submits.submitted(work);
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
