import { join } from "@std/path";
import { adapterConfigToJson } from "./adapter_config.ts";
import { ADAPTER_CONFIG, ADAPTER_FILES, openAdapterFile } from "./adapter_files.ts";
import type { Adapter, AdapterTensor } from "./adapter_tensors.ts";
import { FormatError, quoted } from "../error.ts";
import { loraKey } from "./lora_names.ts";
import { writeSafetensors } from "../safetensors/safetensors.ts";
import { type FloatEntry, writeTorchFile } from "../torch/torch_writer.ts";

/** The two files that PEFT keeps an adapter's weights in. */
export const ADAPTER_FORMS = ["safetensors", "bin"] as const;

/** `safetensors` for adapter_model.safetensors, `bin` for adapter_model.bin, which old versions of PEFT want. */
export type AdapterForm = (typeof ADAPTER_FORMS)[number];

/**
 * Writes adapter_config.json and adapter_model.safetensors or .bin (float32) into a folder, which is made when it is
 * missing, then reads the file back: every key must be there. The same adapter gives the same bytes; those of
 * safetensors are PEFT's own.
 *
 * @returns how many tensors the file has, and the keys of those B that are zero, which have learnt nothing
 * @throws {FormatError} when a tensor has the wrong size or a value that is not finite
 */
export async function writeAdapter(
  directory: string,
  adapter: Adapter,
  form: AdapterForm = "safetensors",
): Promise<{ tensors: number; zeroB: string[] }> {
  const path = join(directory, ADAPTER_FILES[form]);
  const entries = adapter.tensors.flatMap((tensor) => tensorEntries(tensor, adapter.rank, path));
  entries.sort((one, other) => one.name < other.name ? -1 : 1);
  await Deno.mkdir(directory, { recursive: true });
  if (form === "bin") await writeTorchFile(path, entries);
  else await writeSafetensors(path, entries, { format: "pt" });
  const written = await verify(path, adapter);
  await Deno.writeTextFile(join(directory, ADAPTER_CONFIG), adapterConfigToJson(adapter, layersToTransform(adapter)));
  return written;
}

/** PEFT's list of the adapted layers, if the lowest ones are left as they are. */
function layersToTransform({ tensors }: Adapter): number[] | undefined {
  const layers = [...new Set(tensors.map(({ layer }) => layer))];
  return layers.includes(0) ? undefined : layers;
}

function tensorEntries(tensor: AdapterTensor, rank: number, path: string): FloatEntry[] {
  const { layer, target, a, b, inFeatures, outFeatures } = tensor;
  return [
    floatEntry(loraKey(layer, target, "A"), [rank, inFeatures], a, path),
    floatEntry(loraKey(layer, target, "B"), [outFeatures, rank], b, path),
  ];
}

function floatEntry(name: string, shape: [number, number], values: Float32Array, path: string): FloatEntry {
  if (values.length !== shape[0] * shape[1]) {
    throw new FormatError(
      `${path}: cannot write tensor ${quoted(name)}: [${shape.join(", ")}] takes ${shape[0] * shape[1]} values, ` +
        `found ${values.length}`,
    );
  }
  const fault = values.findIndex((value) => !Number.isFinite(value));
  if (fault >= 0) {
    throw new FormatError(`${path}: cannot write tensor ${quoted(name)}: value ${fault} is ${values[fault]}`);
  }
  return { name, dtype: "F32", shape, data: new Uint8Array(values.buffer, values.byteOffset, values.byteLength) };
}

async function verify(path: string, adapter: Adapter): Promise<{ tensors: number; zeroB: string[] }> {
  using file = await openAdapterFile(path);
  if (adapter.tensors.length === 0 || file.tensors.size !== 2 * adapter.tensors.length) {
    throw new FormatError(`${path} has ${file.tensors.size} tensors; wanted ${2 * adapter.tensors.length}, at least 2`);
  }
  const zeroB: string[] = [];
  for (const { layer, target } of adapter.tensors) {
    const key = loraKey(layer, target, "B");
    if ((await file.readFloat32(key)).every((value) => value === 0)) zeroB.push(key);
  }
  return { tensors: file.tensors.size, zeroB };
}
