import type { Device } from "./device.ts";
import { copyToTexels, texelFormat, texelRows } from "./texels.ts";

/** Element types of buffers. Packed int8 weights are `u32` words of four values. */
export type DType = "f32" | "u32" | "i32";

/** A typed view of a GPU buffer. Shapes are row-major, the last dimension runs fastest. */
export interface Tensor {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly buffer: GPUBuffer;
  /** First byte of the view; a multiple of 256, as bindings need. */
  readonly byteOffset: number;
  readonly byteLength: number;
  /** Bytes that a binding covers: more than byteLength for the first rows of a larger tensor, so that one bind group serves. */
  readonly extent: number;
  /** The texture that a frozen tensor lies in; its buffer is gone, so only kernels can read it. */
  readonly texture?: GPUTexture;
}

/** Bindings must start at a multiple of this many bytes. */
export const bindingAlignment = 256;

const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC;

/** Elements of a shape. */
export function elements(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** Allocates a tensor; its contents are zero. */
export function createTensor(device: Device, name: string, shape: readonly number[], dtype: DType = "f32"): Tensor {
  const byteLength = Math.max(4, elements(shape) * 4);
  return {
    name,
    dtype,
    shape,
    byteOffset: 0,
    byteLength,
    extent: byteLength,
    buffer: device.createBuffer(name, byteLength, usage),
  };
}

/** A tensor that shares `tensor`'s memory from element `offset` on. Errors: misaligned or beyond the end. */
export function view(tensor: Tensor, name: string, offset: number, shape: readonly number[]): Tensor {
  const byteOffset = tensor.byteOffset + offset * 4;
  const byteLength = elements(shape) * 4;
  if (byteOffset % bindingAlignment || offset * 4 + byteLength > tensor.byteLength) {
    throw new RangeError(
      `cannot view ${name} [${shape}] in ${tensor.name} [${tensor.shape}]: element ${offset} is misaligned or beyond it`,
    );
  }
  return { ...tensor, name, shape, byteOffset, byteLength, extent: byteLength };
}

/** A tensor at the beginning of `slot`, whose buffer it shares with others that are in use at other times. */
export function placeTensor(slot: Tensor, name: string, shape: readonly number[], dtype: DType): Tensor {
  return { ...view(slot, name, 0, shape), dtype };
}

/** The same memory under another shape of as many elements. */
export function reshape(tensor: Tensor, shape: readonly number[]): Tensor {
  if (elements(shape) !== elements(tensor.shape)) {
    throw new RangeError(`cannot see ${tensor.name} [${tensor.shape}] as [${shape}]`);
  }
  return { ...tensor, shape };
}

/** The first rows of a tensor, under the same name. `rows` must not exceed the tensor's. */
export function firstRows(tensor: Tensor, rows: number): Tensor {
  const shape = [rows, ...tensor.shape.slice(1)];
  const byteLength = elements(shape) * 4;
  if (byteLength > tensor.extent) throw new RangeError(`cannot take ${rows} rows of ${tensor.name} [${tensor.shape}]`);
  return { ...tensor, shape, byteLength };
}

/** Copies values into a tensor, from element `offset` on. */
export function upload(
  device: Device,
  tensor: Tensor,
  values: Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer> | Int32Array<ArrayBuffer>,
  offset = 0,
): void {
  if ((offset + values.length) * 4 > tensor.byteLength) {
    throw new RangeError(`cannot upload ${values.length} values at ${offset} into ${tensor.name} [${tensor.shape}]`);
  }
  device.gpu.queue.writeBuffer(tensor.buffer, tensor.byteOffset + offset * 4, values);
}

/** Allocates a float32 tensor holding `values`. */
export function tensorOf(device: Device, name: string, shape: readonly number[], values: ArrayLike<number>): Tensor {
  const tensor = createTensor(device, name, shape);
  if (values.length !== elements(shape)) {
    throw new RangeError(`cannot fill ${name} [${shape}]: wanted ${elements(shape)} values, found ${values.length}`);
  }
  upload(device, tensor, Float32Array.from(values));
  return tensor;
}

/** Bytes of the buffer through which everything is read back. */
export const stagingBytes = 4 << 20;

/** Reading back goes through one buffer, one call after the other. */
interface Staging {
  readonly buffer: GPUBuffer;
  /** Settles when the last call has read; absent while nobody reads. */
  reading?: Promise<unknown> | undefined;
}

const stagings = new WeakMap<Device, Staging>();

/**
 * Reads tensors back; each comes as the typed array of its dtype. Every 4 MiB, and every call, cost a wait of about 11 ms.
 */
export function download(device: Device, ...tensors: Tensor[]): Promise<Float32Array<ArrayBuffer>[]> {
  let staging = stagings.get(device);
  if (!staging) {
    const buffer = device.createBuffer("staging", stagingBytes, GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST);
    stagings.set(device, staging = { buffer });
  }
  const { buffer, reading } = staging;
  const start = () => readThrough(device, buffer, tensors);
  const read = reading ? reading.then(start, start) : start();
  staging.reading = read;
  const done = () => {
    if (staging.reading === read) staging.reading = undefined;
  };
  read.then(done, done);
  return read;
}

/** A stretch of a tensor, and where it lies in the staging buffer. */
interface Stretch {
  readonly tensor: number;
  readonly from: number;
  readonly bytes: number;
  readonly at: number;
}

/** Cuts tensors into stretches that fill the staging buffer, one list of stretches for each filling. */
function* fillings(tensors: readonly Tensor[]): Generator<Stretch[]> {
  let filling: Stretch[] = [];
  let at = 0;
  for (const [tensor, { byteLength }] of tensors.entries()) {
    for (let from = 0; from < byteLength;) {
      const bytes = Math.min(byteLength - from, stagingBytes - at);
      filling.push({ tensor, from, bytes, at });
      [from, at] = [from + bytes, at + bytes];
      if (at < stagingBytes) continue;
      yield filling;
      [filling, at] = [[], 0];
    }
  }
  if (filling.length) yield filling;
}

async function readThrough(device: Device, staging: GPUBuffer, tensors: readonly Tensor[]) {
  const results = tensors.map(({ byteLength }) => new Uint8Array(byteLength));
  for (const filling of fillings(tensors)) {
    const encoder = device.gpu.createCommandEncoder();
    for (const { tensor, from, bytes, at } of filling) {
      const { buffer, byteOffset } = tensors[tensor]!;
      encoder.copyBufferToBuffer(buffer, byteOffset + from, staging, at, bytes);
    }
    device.gpu.queue.submit([encoder.finish()]);
    const mapping = staging.mapAsync(GPUMapMode.READ);
    device.submits.finished(); // Deno waits for the device before the call returns
    await mapping;
    const mapped = new Uint8Array(staging.getMappedRange());
    for (const { tensor, from, bytes, at } of filling) results[tensor]!.set(mapped.subarray(at, at + bytes), from);
    staging.unmap();
    device.check();
  }
  return results.map(({ buffer }, i) => new Float32Array(buffer, 0, elements(tensors[i]!.shape)));
}

/**
 * The tensor in the form in which this device's kernels read it quickest, for good: where that is a texture, the tensor moves
 * there and its buffer is freed. Work that writes to it must have been submitted. `element` is its WGSL type in the kernels.
 */
export function freeze(device: Device, tensor: Tensor, element: string): Tensor {
  const format = texelFormat(element);
  if (!device.info.texels || !format) return tensor;
  const { buffer, byteOffset: offset, byteLength: bytes } = tensor;
  const texture = device.createTexels(tensor.name, element, texelRows(bytes, format), bytes);
  const encoder = device.gpu.createCommandEncoder();
  copyToTexels(encoder, { buffer, offset, bytes }, texture, format);
  device.gpu.queue.submit([encoder.finish()]);
  device.destroyBuffer(buffer);
  return { ...tensor, texture };
}

/** Frees the memory behind tensors that own theirs. */
export function destroyTensors(device: Device, tensors: Iterable<Tensor>): void {
  for (const { buffer, texture } of tensors) {
    if (texture) device.destroyTexels(texture);
    else device.destroyBuffer(buffer);
  }
}
