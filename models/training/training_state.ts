// What a training must keep to go on to the bit: tensors of the device, written to and read from one safetensors file.
import type { Device } from "../../kernels/gpu/device.ts";
import { download, stagingBytes, type Tensor, upload } from "../../kernels/gpu/tensor.ts";
import { FormatError, quoted } from "../formats/error.ts";
import { openSafetensors, type TensorEntry, writeSafetensors } from "../formats/safetensors/safetensors.ts";

/** A float32 tensor of the device under the name that it has in a file. */
export interface NamedTensor {
  readonly name: string;
  readonly tensor: Tensor;
}

/** The values of tensors in their order, fetched as many at a time as one read-back takes, so that waits do not add up. */
async function* valuesOf(device: Device, tensors: readonly NamedTensor[]): AsyncGenerator<Float32Array<ArrayBuffer>> {
  for (let begin = 0; begin < tensors.length;) {
    let end = begin;
    for (let bytes = 0; end < tensors.length; end++) {
      bytes += tensors[end]!.tensor.byteLength;
      if (end > begin && bytes > stagingBytes) break;
    }
    yield* await download(device, ...tensors.slice(begin, end).map(({ tensor }) => tensor));
    begin = end;
  }
}

/**
 * Writes tensors and counters. Work recorded before must have been submitted.
 *
 * @throws {FormatError} for a value that is not finite: such a state is good for nothing
 */
export async function writeTrainingState(
  device: Device,
  path: string,
  tensors: readonly NamedTensor[],
  counters: Readonly<Record<string, number>>,
): Promise<void> {
  const values = valuesOf(device, tensors);
  const entries = tensors.map(({ name, tensor: { shape } }): TensorEntry => ({
    name,
    dtype: "F32",
    shape,
    data: async function* () {
      const { value } = await values.next();
      for (let i = 0; i < value.length; i++) {
        if (!Number.isFinite(value[i])) {
          throw new FormatError(`cannot keep ${quoted(name)}: value ${i} is ${value[i]}`);
        }
      }
      yield new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
    },
  }));
  const metadata = Object.fromEntries(Object.entries(counters).map(([name, count]) => [name, String(count)]));
  await writeSafetensors(path, entries, metadata);
}

/**
 * Reads tensors back onto the device, and gives the counters.
 *
 * @throws {FormatError} when the file has other tensors, or lacks one of the counters
 */
export async function readTrainingState<Name extends string>(
  device: Device,
  path: string,
  tensors: readonly NamedTensor[],
  counters: readonly Name[],
): Promise<Record<Name, number>> {
  using file = await openSafetensors(path);
  if (file.tensors.size !== tensors.length) {
    throw new FormatError(`${path} has ${file.tensors.size} tensors; this training has ${tensors.length}`);
  }
  for (const { name, tensor } of tensors) {
    const found = file.tensors.get(name)?.shape;
    if (found === undefined || found.join() !== tensor.shape.join()) {
      throw new FormatError(
        `${path}: wanted tensor ${quoted(name)} [${tensor.shape}], found ${found ? `[${found}]` : "none"}`,
      );
    }
    upload(device, tensor, await file.readFloat32(name));
  }
  return Object.fromEntries(counters.map((name) => {
    const count = Number(file.metadata[name]);
    if (!Number.isSafeInteger(count)) throw new FormatError(`${path} lacks the counter ${quoted(name)}`);
    return [name, count];
  })) as Record<Name, number>;
}
