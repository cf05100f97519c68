// The weights of a model folder as the device trains them, float32, and back again. Both ways are streamed.
import { join } from "@std/path";
import type { Device } from "../kernels/gpu/device.ts";
import { createTensor, download, upload } from "../kernels/gpu/tensor.ts";
import { createWeight, maxBindingBytes, uploadRows, type Weight } from "../kernels/weight/weight.ts";
import { blockRows, unblockRows } from "../kernels/weight/weight_pack.ts";
import { assembleBase, type BaseTensor, baseTensors, type BaseWeights, isMatrix } from "./base_weights.ts";
import { readConfig } from "./formats/config.ts";
import { type FloatDtype, fromFloat32 } from "./formats/dtype.ts";
import { FormatError, quoted } from "./formats/error.ts";
import { llamaTensors } from "./formats/llama_tensors.ts";
import { type TensorEntry, writeSafetensors } from "./formats/safetensors/safetensors.ts";
import { checkTiedHead } from "./tied_head.ts";
import { type ModelWeights, openWeights } from "./formats/weights.ts";

/** Rows that are read and laid out at once. */
const stretchRows = 1024;

async function loadMatrix(
  device: Device,
  source: ModelWeights,
  name: string,
  [rows, columns]: readonly [number, number],
  maxBytes: number,
): Promise<Weight> {
  const weight = createWeight(device, name, rows, columns, 32, maxBytes);
  for (let begin = 0; begin < rows; begin += stretchRows) {
    const end = Math.min(rows, begin + stretchRows);
    const blocks = blockRows(await source.readFloat32(name, begin, end), end - begin, columns);
    uploadRows(device, weight, "blocks", begin, new Uint8Array(blocks.buffer));
    // Uploads wait in host memory for the next submission; a large model must not gather there.
    device.gpu.queue.submit([]);
  }
  return weight;
}

/**
 * Loads a Hugging Face model folder onto the device, all weights in float32. `maxBytes` bounds each buffer of a weight.
 *
 * @throws {FormatError} for a missing tensor or a wrong shape, naming it
 */
export async function loadModel(
  device: Device,
  directory: string,
  maxBytes: number = maxBindingBytes(device),
): Promise<BaseWeights> {
  const config = await readConfig(directory);
  using source = await openWeights(directory);
  await checkTiedHead(source, config);
  const tensors = new Map<string, BaseTensor>();
  for (const { name, shape } of llamaTensors(config)) source.expectTensor(name, shape);
  for (const { name, shape } of llamaTensors(config)) {
    const [rows, columns] = shape as [number, number?];
    if (columns !== undefined) {
      tensors.set(name, await loadMatrix(device, source, name, [rows, columns], maxBytes));
      continue;
    }
    const tensor = createTensor(device, name, [rows]);
    upload(device, tensor, await source.readFloat32(name));
    tensors.set(name, tensor);
  }
  return assembleBase(config, 32, tensors);
}

/** The values of a float32 tensor of a network, row-major, in stretches of rows. Work on it must have been submitted. */
export async function* readBaseTensor(device: Device, tensor: BaseTensor): AsyncGenerator<Float32Array<ArrayBuffer>> {
  if (!isMatrix(tensor)) {
    yield* await download(device, tensor);
    return;
  }
  for (const { firstRow, rows, blocks } of tensor.parts) {
    const [values] = await download(device, blocks);
    yield unblockRows(values!, Math.min(rows, tensor.rows - firstRow), tensor.columns);
  }
}

/**
 * Writes a network's weights as `directory`/model.safetensors. Work on them must have been submitted.
 *
 * @throws {FormatError} for a value that is not finite, or not so any more as F16, naming the tensor
 */
export async function writeModelWeights(
  device: Device,
  base: BaseWeights,
  directory: string,
  dtype: FloatDtype,
): Promise<void> {
  const path = join(directory, "model.safetensors");
  const shapes = new Map(llamaTensors(base.config).map(({ name, shape }) => [name, shape]));
  const entries = [...baseTensors(base)].map(([name, tensor]): TensorEntry => ({
    name,
    dtype,
    shape: shapes.get(name)!,
    data: async function* () {
      for await (const values of readBaseTensor(device, tensor)) {
        const most = dtype === "F16" ? 65504 : Number.MAX_VALUE;
        const bad = values.find((value) => !(Math.abs(value) <= most));
        if (bad !== undefined) throw new FormatError(`${path}: cannot write tensor ${quoted(name)}: it holds ${bad}`);
        yield fromFloat32(dtype, values);
      }
    },
  }));
  await writeSafetensors(path, entries, { format: "pt" });
}
