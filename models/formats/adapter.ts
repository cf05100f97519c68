import { join } from "@std/path";
import { type AdapterConfig, adapterConfigToJson, parseAdapterConfig } from "./adapter_config.ts";
import { FormatError, quoted } from "./error.ts";
import { fileExists, readJsonFile } from "./json_file.ts";
import { LORA_TARGETS, loraKey, type LoraTarget, parseLoraKey } from "./lora_names.ts";
import { openSafetensors, type SafetensorsFile, type TensorEntry, writeSafetensors } from "./safetensors.ts";

export type { AdapterConfig } from "./adapter_config.ts";
export { LORA_TARGETS, type LoraTarget } from "./lora_names.ts";

const CONFIG_FILE = "adapter_config.json";
const WEIGHTS_FILE = "adapter_model.safetensors";

/** LoRA of one projection: y += (alpha / R) · B·A·x. */
export interface AdapterTensor {
  readonly layer: number;
  readonly target: LoraTarget;
  /** A (R, in). */
  readonly a: Float32Array;
  /** B (out, R). */
  readonly b: Float32Array;
  readonly inFeatures: number;
  readonly outFeatures: number;
}

/** A PEFT LoRA adapter. */
export interface Adapter extends AdapterConfig {
  /** By layer, then in the order of {@linkcode LORA_TARGETS}. */
  readonly tensors: readonly AdapterTensor[];
  /** How many layers are adapted, the highest; absent when all are. */
  readonly layers?: number;
}

/**
 * Writes adapter_config.json and adapter_model.safetensors (float32) into a folder, which is made when it is missing,
 * then reads the file back: every key must be there. The same adapter gives the same bytes, those that PEFT writes.
 *
 * @returns how many tensors the file has, and the keys of those B that are zero, which have learnt nothing
 * @throws {FormatError} when a tensor has the wrong size or a value that is not finite
 */
export async function writeAdapter(
  directory: string,
  adapter: Adapter,
): Promise<{ tensors: number; zeroB: string[] }> {
  const path = join(directory, WEIGHTS_FILE);
  const entries = adapter.tensors.flatMap((tensor) => tensorEntries(tensor, adapter.rank, path));
  entries.sort((one, other) => one.name < other.name ? -1 : 1);
  await Deno.mkdir(directory, { recursive: true });
  await writeSafetensors(path, entries, { format: "pt" });
  const written = await verify(path, adapter);
  await Deno.writeTextFile(join(directory, CONFIG_FILE), adapterConfigToJson(adapter, layersToTransform(adapter)));
  return written;
}

/** PEFT's list of the adapted layers, if the lowest ones are left as they are. */
function layersToTransform({ tensors }: Adapter): number[] | undefined {
  const layers = [...new Set(tensors.map(({ layer }) => layer))];
  return layers.includes(0) ? undefined : layers;
}

function tensorEntries(tensor: AdapterTensor, rank: number, path: string): TensorEntry[] {
  const { layer, target, a, b, inFeatures, outFeatures } = tensor;
  return [
    floatEntry(loraKey(layer, target, "A"), [rank, inFeatures], a, path),
    floatEntry(loraKey(layer, target, "B"), [outFeatures, rank], b, path),
  ];
}

function floatEntry(name: string, shape: [number, number], values: Float32Array, path: string): TensorEntry {
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
  using file = await openSafetensors(path);
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

/**
 * Reads a PEFT adapter folder.
 *
 * @throws {FormatError} when there is no adapter, it is not plain LoRA, or a tensor is missing or of a wrong shape
 */
export async function readAdapter(directory: string): Promise<Adapter> {
  const configPath = join(directory, CONFIG_FILE);
  const weightsPath = join(directory, WEIGHTS_FILE);
  const record = await readJsonFile(configPath);
  if (record === undefined || !await fileExists(weightsPath)) throw await noAdapter(directory, record !== undefined);
  const { targetModules, layersToTransform, ...config } = parseAdapterConfig(record, configPath);
  using file = await openSafetensors(weightsPath);
  const { layers: end, targets } = gridOf(file);
  const first = layersToTransform?.[0] ?? 0;
  if (layersToTransform && file.tensors.size !== 2 * targets.length * layersToTransform.length) {
    throw new FormatError(`${weightsPath}: layers_to_transform are [${layersToTransform}], the tensors are of others`);
  }
  checkTargets(targets, targetModules, configPath);
  const tensors: AdapterTensor[] = [];
  for (let layer = first; layer < end; layer++) {
    for (const target of targets) tensors.push(await readTensor(file, layer, target, config.rank));
  }
  return { ...config, targets, tensors, ...(first > 0 && { layers: end - first }) };
}

async function noAdapter(directory: string, hasConfig: boolean): Promise<FormatError> {
  const looked = `${directory} has no adapter: looked for ${CONFIG_FILE} (${hasConfig ? "found" : "missing"}) and ` +
    WEIGHTS_FILE;
  for (const old of ["adapter_model.bin", "pytorch_model.bin"]) {
    if (await fileExists(join(directory, old))) {
      return new FormatError(`${looked}. ${old} is there, but PyTorch files are not read yet: convert it first`);
    }
  }
  return new FormatError(looked);
}

/** Which layers and projections the keys are about. */
function gridOf(file: SafetensorsFile): { layers: number; targets: LoraTarget[] } {
  let layers = 0;
  const seen = new Set<LoraTarget>();
  for (const name of file.tensors.keys()) {
    const key = parseLoraKey(name);
    if (key === undefined) throw new FormatError(`${file.path}: tensor ${quoted(name)} is not LoRA of a LLaMA layer`);
    layers = Math.max(layers, key.layer + 1);
    seen.add(key.target);
  }
  if (layers === 0) throw new FormatError(`${file.path} has no tensors: the adapter is empty`);
  return { layers, targets: LORA_TARGETS.filter((target) => seen.has(target)) };
}

/** A name in target_modules stands for every module whose path ends in it. A pattern is left to PEFT. */
function checkTargets(targets: LoraTarget[], modules: readonly string[] | string | undefined, path: string): void {
  if (modules === undefined || typeof modules === "string") return;
  const named = modules.map((module) => module.slice(module.lastIndexOf(".") + 1));
  const same = new Set([...named, ...targets]).size === targets.length && new Set(named).size === targets.length;
  if (!same) {
    throw new FormatError(
      `${path}: target_modules are ${modules.join(", ")}; ${WEIGHTS_FILE} has ${targets.join(", ")}`,
    );
  }
}

async function readTensor(
  file: SafetensorsFile,
  layer: number,
  target: LoraTarget,
  rank: number,
): Promise<AdapterTensor> {
  const [aRows, inFeatures] = matrixShape(file, loraKey(layer, target, "A"));
  const [outFeatures, bColumns] = matrixShape(file, loraKey(layer, target, "B"));
  if (aRows !== rank) throw wrongRank(file, loraKey(layer, target, "A"), [aRows, inFeatures], rank);
  if (bColumns !== rank) throw wrongRank(file, loraKey(layer, target, "B"), [outFeatures, bColumns], rank);
  const a = await file.readFloat32(loraKey(layer, target, "A"));
  const b = await file.readFloat32(loraKey(layer, target, "B"));
  return { layer, target, a, b, inFeatures, outFeatures };
}

function matrixShape(file: SafetensorsFile, name: string): [number, number] {
  const shape = file.tensors.get(name)?.shape;
  if (shape === undefined) throw new FormatError(`${file.path} has no tensor ${quoted(name)}, which is needed`);
  const [rows, columns] = shape;
  if (rows === undefined || columns === undefined || shape.length !== 2) {
    throw new FormatError(`${file.path}: tensor ${quoted(name)} has the shape [${shape.join(", ")}]; wanted two sizes`);
  }
  return [rows, columns];
}

function wrongRank(file: SafetensorsFile, name: string, shape: number[], rank: number): FormatError {
  return new FormatError(
    `${file.path}: tensor ${quoted(name)} has the shape [${shape.join(", ")}]; adapter_config.json says r = ${rank}`,
  );
}
