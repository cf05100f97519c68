import { join } from "@std/path";
import { readConfig } from "../formats/config.ts";
import { FormatError } from "../formats/error.ts";
import { int8Config, int8Rows, scaleName } from "../formats/int8_rows.ts";
import { llamaTensors } from "../formats/llama_tensors.ts";
import { type TensorEntry, writeSafetensors } from "../formats/safetensors/safetensors.ts";
import { checkTiedHead } from "../tied_head.ts";
import { openWeights } from "../formats/weights.ts";

/**
 * Writes the weights of a small model folder anew with int8 matrices and a float32 scale a row, in the form of
 * compressed-tensors (models/formats/int8_rows.ts): model.safetensors and config.json. All of it is in memory once.
 *
 * @throws {FormatError} for a missing tensor, or a value that is not finite
 */
export async function writeInt8Model(source: string, directory: string): Promise<void> {
  const config = await readConfig(source);
  using weights = await openWeights(source);
  await checkTiedHead(weights, config);
  const path = join(directory, "model.safetensors");
  const entries: TensorEntry[] = [];
  for (const { name, shape } of llamaTensors(config)) {
    weights.expectTensor(name, shape);
    const values = await weights.readFloat32(name);
    if (!values.every(Number.isFinite)) {
      throw new FormatError(`${path}: cannot write tensor ${name}: not all of it is finite`);
    }
    const [rows, columns] = shape;
    if (columns === undefined) {
      entries.push({ name, dtype: "F32", shape, data: new Uint8Array(values.buffer) });
      continue;
    }
    const { integers, scales } = int8Rows(values, columns);
    entries.push({ name, dtype: "I8", shape, data: new Uint8Array(integers.buffer) });
    entries.push({ name: scaleName(name), dtype: "F32", shape: [rows!, 1], data: new Uint8Array(scales.buffer) });
  }
  await writeSafetensors(path, entries, { format: "pt" });
  const record = JSON.parse(await Deno.readTextFile(join(source, "config.json")));
  const text = JSON.stringify({ ...record, quantization_config: int8Config }, null, 2);
  await Deno.writeTextFile(join(directory, "config.json"), `${text}\n`);
}
