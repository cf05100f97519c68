import type { Adapter, AdapterTensor } from "../formats/adapter/adapter.ts";
import { FAMILIES } from "../families.ts";
import type { LlamaConfig } from "../formats/config.ts";
import { fromFiniteFloat32 } from "../formats/dtype.ts";
import { AdapterFitError } from "../formats/error.ts";
import { ggufName, permuteRotary, rotaryHeads } from "../formats/gguf/gguf_names.ts";
import { type GgufTensor, type GgufValue, writeGguf } from "../formats/gguf/gguf_writer.ts";
import { projectionShape } from "../formats/llama_tensors.ts";
import { projectionName } from "../formats/adapter/lora_names.ts";

/**
 * Writes an adapter as a GGUF LoRA file (float32), which llama.cpp adds to the GGUF file of its base.
 *
 * @param config the network of the base: the rows of its query and key projections are permuted in GGUF
 * @throws {FormatError} when the adapter does not fit the network or holds a value that is not finite
 */
export async function writeGgufLora(
  adapter: Adapter,
  config: LlamaConfig,
  path: string,
  name: string,
  onProgress?: (done: number, total: number) => void,
): Promise<void> {
  const metadata = new Map<string, GgufValue>([
    ["general.architecture", { type: "string", value: FAMILIES[config.family].gguf }],
    ["general.type", { type: "string", value: "adapter" }],
    ["general.name", { type: "string", value: name }],
    ["adapter.type", { type: "string", value: "lora" }],
    ["adapter.lora.alpha", { type: "float32", value: adapter.alpha }],
  ]);
  const tensors = adapter.tensors.flatMap((tensor) => loraTensors(tensor, adapter.rank, config, path));
  await writeGguf(path, metadata, tensors, onProgress);
}

function loraTensors(tensor: AdapterTensor, rank: number, config: LlamaConfig, path: string): GgufTensor[] {
  const { layer, target, inFeatures, outFeatures } = tensor;
  const name = projectionName(layer, target);
  const [rows, columns] = projectionShape(config, target);
  const base = ggufName(name, config.family);
  if (base === undefined || layer >= config.layers || rows !== outFeatures || columns !== inFeatures) {
    throw new AdapterFitError(
      `${path}: the adapter does not fit this model: its layer ${layer} ${target} changes ` +
        `[${outFeatures}, ${inFeatures}], the model has ${layer < config.layers ? `[${rows}, ${columns}]` : "none"}`,
    );
  }
  const floats = (values: Float32Array, part: string) =>
    async function* () {
      yield fromFiniteFloat32("F32", new Float32Array(values), `${path}: cannot write ${part} of ${name}`);
    };
  const b = new Float32Array(tensor.b);
  const permuted = rotaryHeads(name, config) === undefined ? b : permuteRotary(b, config.headSize, rank, "pairs");
  return [
    { name: `${base}.lora_a`, type: "F32", shape: [rank, inFeatures], data: floats(tensor.a, "A") },
    { name: `${base}.lora_b`, type: "F32", shape: [outFeatures, rank], data: floats(permuted, "B") },
  ];
}
