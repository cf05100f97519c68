import { join } from "@std/path";
import { adapterDigest } from "./adapter_digest.ts";
import { parseAdapterConfig, type ParsedAdapterConfig } from "./adapter_config.ts";
import { ADAPTER_CONFIG, ADAPTER_FILES, CHECKPOINT_FILE, openAdapterFile } from "./adapter_files.ts";
import { patternValue } from "./adapter_patterns.ts";
import type { Adapter, AdapterTensor } from "./adapter_tensors.ts";
import type { LlamaConfig } from "../config.ts";
import { AdapterFitError, FormatError, quoted } from "../error.ts";
import { fileExists, readJsonFile } from "../json_file.ts";
import { projectionShape } from "../llama_tensors.ts";
import { LORA_TARGETS, loraKey, type LoraTarget, parseLoraKey } from "./lora_names.ts";
import type { TensorFile } from "../tensor_file.ts";

/** What Chinese-Vicuna trains with; its checkpoints hold weights alone. */
const CHECKPOINT_DEFAULTS = { alpha: 16, dropout: 0.05 };

/**
 * Reads a LoRA adapter folder as it lies: adapter_config.json with adapter_model.safetensors or adapter_model.bin, as
 * PEFT writes them, or pytorch_model.bin, as checkpoints of Chinese-Vicuna have it, with or without a configuration;
 * without one the rank is that of the weights, and alpha is 16.
 *
 * Modules of different ranks or scales come out with one rank and one scale that mean the same: lower ranks are padded
 * with zeros, and the quotient of the scales goes into B.
 *
 * @param base where it is known: an adapter that cannot be of it is refused before anything is read or padded
 * @throws {FormatError} when there is no adapter, it is not plain LoRA, or a tensor is missing or of a wrong shape
 * @throws {AdapterFitError} when it does not fit the base, or was added to the base's weights before
 */
export async function readAdapter(directory: string, base?: LlamaConfig): Promise<Adapter> {
  const configPath = join(directory, ADAPTER_CONFIG);
  const record = await readJsonFile(configPath);
  const weightsPath = await findWeights(directory, record !== undefined);
  // The configuration is checked first: it says why the file may hold other tensors than those of plain LoRA.
  const given = record === undefined ? undefined : parseAdapterConfig(record, configPath);
  using file = await openAdapterFile(weightsPath);
  const { keys, layers: end, targets } = gridOf(file);
  if (base !== undefined) checkFit(file, keys, base);
  const config = given ?? configOfCheckpoint(file, keys);
  const { targetModules, layersToTransform } = config;
  const first = layersToTransform?.[0] ?? 0;
  if (layersToTransform && file.tensors.size !== 2 * targets.length * layersToTransform.length) {
    throw new FormatError(`${weightsPath}: layers_to_transform are [${layersToTransform}], the tensors are of others`);
  }
  checkTargets(targets, targetModules, configPath, weightsPath);
  const modules: ScaledTensor[] = [];
  for (let layer = first; layer < end; layer++) {
    for (const target of targets) modules.push(await readModule(file, keys, layer, target, config, configPath));
  }
  const { baseModel, dropout } = config;
  const same = withOneRankAndScale(modules, config, weightsPath);
  const adapter = { baseModel, dropout, targets, ...same, ...(first > 0 && { layers: end - first }) };
  if (base?.mergedAdapters?.includes(adapterDigest(adapter))) {
    throw new AdapterFitError(
      `the adapter in ${directory} is in this base already, which was exported with it: leave the adapter out, or take the ` +
        "base that it was trained on",
    );
  }
  return adapter;
}

/** The first file that is there, in the order in which PEFT looks. */
async function findWeights(directory: string, hasConfig: boolean): Promise<string> {
  const names = [...(hasConfig ? Object.values(ADAPTER_FILES) : []), CHECKPOINT_FILE];
  for (const name of names) {
    const path = join(directory, name);
    if (await fileExists(path)) return path;
  }
  throw new FormatError(
    `${directory} has no adapter: looked for ${ADAPTER_CONFIG} (${hasConfig ? "found" : "missing"}) with ` +
      `${Object.values(ADAPTER_FILES).join(" or ")}, and for ${CHECKPOINT_FILE}`,
    { kind: "noAdapter" },
  );
}

/** Which layers and projections the file is about, and the name that each matrix has in it. */
interface Grid {
  readonly keys: ReadonlyMap<string, string>;
  readonly layers: number;
  readonly targets: LoraTarget[];
}

function gridOf(file: TensorFile): Grid {
  let layers = 0;
  const seen = new Set<LoraTarget>();
  const keys = new Map<string, string>();
  for (const name of file.tensors.keys()) {
    // A checkpoint that was saved past PEFT's own function still has the adapter's name in its keys.
    const key = parseLoraKey(name.replace(/\.lora_([AB])\.default\.weight$/, ".lora_$1.weight"));
    if (key === undefined) throw new FormatError(`${file.path}: tensor ${quoted(name)} is not LoRA of a LLaMA layer`);
    layers = Math.max(layers, key.layer + 1);
    seen.add(key.target);
    const usual = loraKey(key.layer, key.target, key.side);
    if (keys.has(usual)) throw new FormatError(`${file.path} has ${quoted(usual)} twice, once as ${quoted(name)}`);
    keys.set(usual, name);
  }
  if (layers === 0) throw new FormatError(`${file.path} has no tensors: the adapter is empty`);
  return { keys, layers, targets: LORA_TARGETS.filter((target) => seen.has(target)) };
}

/** Compares layers and shapes with those of a base. */
function checkFit(file: TensorFile, keys: ReadonlyMap<string, string>, base: LlamaConfig): void {
  for (const [usual, name] of keys) {
    const { layer, target, side } = parseLoraKey(usual)!;
    const [rows, columns] = matrixShape(file, name);
    const [outFeatures, inFeatures] = projectionShape(base, target);
    const [found, wanted] = side === "A" ? [columns, inFeatures] : [rows, outFeatures];
    if (layer < base.layers && found === wanted) continue;
    throw new AdapterFitError(
      `the adapter does not fit this base: layer ${layer} ${target} has ${side} [${rows}, ${columns}], ` +
        (layer < base.layers
          ? `the base wants ${wanted} ${side === "A" ? "columns" : "rows"}`
          : `the base has ${base.layers} layers`),
    );
  }
}

/** What a checkpoint without a configuration stands for. */
function configOfCheckpoint(file: TensorFile, keys: ReadonlyMap<string, string>): ParsedAdapterConfig {
  const [usual, name] = [...keys].find(([usual]) => parseLoraKey(usual)?.side === "A") ?? [];
  if (usual === undefined || name === undefined) throw new FormatError(`${file.path} has no matrix A`);
  return {
    ...CHECKPOINT_DEFAULTS,
    baseModel: "",
    rank: matrixShape(file, name)[0],
    rankPattern: {},
    alphaPattern: {},
    rankStabilised: false,
    targetModules: undefined,
    layersToTransform: undefined,
  };
}

/** A name in target_modules stands for every module whose path ends in it. A pattern is left to PEFT. */
function checkTargets(
  targets: LoraTarget[],
  modules: readonly string[] | string | undefined,
  configPath: string,
  weightsPath: string,
): void {
  if (modules === undefined || typeof modules === "string") return;
  const named = modules.map((module) => module.slice(module.lastIndexOf(".") + 1));
  const same = new Set([...named, ...targets]).size === targets.length && new Set(named).size === targets.length;
  if (!same) {
    throw new FormatError(
      `${configPath}: target_modules are ${modules.join(", ")}; ${weightsPath} has ${targets.join(", ")}`,
    );
  }
}

/** A module as the file has it: its own rank, and the scale of its B·A. */
interface ScaledTensor extends AdapterTensor {
  readonly rank: number;
  readonly scale: number;
}

async function readModule(
  file: TensorFile,
  keys: ReadonlyMap<string, string>,
  layer: number,
  target: LoraTarget,
  config: ParsedAdapterConfig,
  configPath: string,
): Promise<ScaledTensor> {
  const where = (field: string) => `${configPath}: ${field}`;
  const rank = patternValue(config.rankPattern, layer, target, config.rank, where("rank_pattern"));
  const alpha = patternValue(config.alphaPattern, layer, target, config.alpha, where("alpha_pattern"));
  const name = (side: "A" | "B") => {
    const usual = loraKey(layer, target, side);
    return keys.get(usual) ?? usual;
  };
  const [aRows, inFeatures] = matrixShape(file, name("A"));
  const [outFeatures, bColumns] = matrixShape(file, name("B"));
  if (aRows !== rank) throw wrongRank(file, name("A"), [aRows, inFeatures], rank);
  if (bColumns !== rank) throw wrongRank(file, name("B"), [outFeatures, bColumns], rank);
  const a = await finiteMatrix(file, name("A"));
  const b = await finiteMatrix(file, name("B"));
  return { layer, target, a, b, inFeatures, outFeatures, rank, scale: scaleOf(alpha, rank, config) };
}

/** With a value that is no number, every answer would be empty. */
async function finiteMatrix(file: TensorFile, name: string): Promise<Float32Array<ArrayBuffer>> {
  const values = await file.readFloat32(name);
  const at = values.findIndex((value) => !Number.isFinite(value));
  if (at < 0) return values;
  throw new FormatError(`${file.path}: tensor ${quoted(name)} holds ${values[at]} at ${at}; wanted finite numbers`);
}

function scaleOf(alpha: number, rank: number, { rankStabilised }: ParsedAdapterConfig): number {
  return alpha / (rankStabilised ? Math.sqrt(rank) : rank);
}

/** The same adapter with the largest rank and the configuration's own scale for every module. */
function withOneRankAndScale(
  modules: readonly ScaledTensor[],
  config: ParsedAdapterConfig,
  path: string,
): Pick<Adapter, "rank" | "alpha" | "tensors"> {
  const rank = modules.reduce((most, module) => Math.max(most, module.rank), 0);
  const scale = scaleOf(config.alpha, config.rank, config);
  const tensors = modules.map(({ rank: own, scale: ownScale, ...tensor }): AdapterTensor => {
    if (own === rank && ownScale === scale) return tensor;
    const { layer, target, inFeatures, outFeatures } = tensor;
    if (own < rank && rank > Math.min(inFeatures, outFeatures)) {
      throw new FormatError(
        `${path}: its modules have ranks up to ${rank}; layer ${layer} ${target} of [${outFeatures}, ${inFeatures}] ` +
          `cannot have such a one (rank_pattern)`,
      );
    }
    const a = new Float32Array(rank * tensor.inFeatures);
    a.set(tensor.a);
    const b = new Float32Array(tensor.outFeatures * rank);
    tensor.b.forEach((value, i) => b[Math.floor(i / own) * rank + i % own] = value * (ownScale / scale));
    return { ...tensor, a, b };
  });
  const plain = rank === config.rank && !config.rankStabilised;
  return { rank, alpha: plain ? config.alpha : scale * rank, tensors };
}

function matrixShape(file: TensorFile, name: string): [number, number] {
  const shape = file.tensors.get(name)?.shape;
  if (shape === undefined) throw new FormatError(`${file.path} has no tensor ${quoted(name)}, which is needed`);
  const [rows, columns] = shape;
  if (rows === undefined || columns === undefined || shape.length !== 2) {
    throw new FormatError(`${file.path}: tensor ${quoted(name)} has the shape [${shape.join(", ")}]; wanted two sizes`);
  }
  return [rows, columns];
}

function wrongRank(file: TensorFile, name: string, shape: number[], rank: number): FormatError {
  return new FormatError(
    `${file.path}: tensor ${quoted(name)} has the shape [${
      shape.join(", ")
    }]; wanted rank ${rank} (adapter_config.json)`,
  );
}
