import type { Device } from "./device.ts";

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

/** Reads tensors back in one wait; each comes as the typed array of its dtype. Costs about 11 ms whatever the size. */
export async function download(device: Device, ...tensors: Tensor[]): Promise<Float32Array<ArrayBuffer>[]> {
  const bytes = tensors.reduce((sum, tensor) => sum + tensor.byteLength, 0);
  const staging = device.createBuffer("download", bytes, GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST);
  try {
    const encoder = device.gpu.createCommandEncoder();
    let at = 0;
    for (const tensor of tensors) {
      encoder.copyBufferToBuffer(tensor.buffer, tensor.byteOffset, staging, at, tensor.byteLength);
      at += tensor.byteLength;
    }
    device.gpu.queue.submit([encoder.finish()]);
    await staging.mapAsync(GPUMapMode.READ);
    const copy = staging.getMappedRange().slice(0);
    staging.unmap();
    device.check();
    at = 0;
    return tensors.map((tensor) => {
      const values = new Float32Array(copy, at, elements(tensor.shape));
      at += tensor.byteLength;
      return values;
    });
  } finally {
    device.destroyBuffer(staging);
  }
}

/** Frees the memory behind tensors that own their buffer. */
export function destroyTensors(device: Device, tensors: Iterable<Tensor>): void {
  for (const tensor of tensors) device.destroyBuffer(tensor.buffer);
}
