import type { Adapter, AdapterTensor } from "../formats/adapter/adapter.ts";
import { adapterDigest } from "../formats/adapter/adapter_digest.ts";
import type { LlamaConfig } from "../formats/config.ts";
import { AdapterFitError } from "../formats/error.ts";
import { type LlamaTensor, llamaTensors } from "../formats/llama_tensors.ts";
import { projectionName } from "../formats/adapter/lora_names.ts";
import type { ModelWeights } from "../formats/weights.ts";

/** Values that are read, merged and written at once: 16 MiB of float32. */
const STRETCH_VALUES = 1 << 22;

/**
 * The weights of a model with an adapter added to them: W + (alpha / R) · B·A for an adapted projection, W otherwise.
 * They are read from the model's own floats, a stretch of rows at a time.
 */
export class MergedWeights {
  /** Every tensor of the model, in the order of use. */
  readonly tensors: readonly LlamaTensor[];
  /** Digests of all adapters that are in them, those that the model had already first. */
  readonly mergedAdapters: readonly string[];
  readonly #weights: ModelWeights;
  readonly #adapted = new Map<string, AdapterTensor>();
  readonly #scale: number;

  /**
   * @throws {FormatError} when a tensor of the model is missing or has a wrong shape, or the adapter does not fit it
   */
  constructor(weights: ModelWeights, readonly config: LlamaConfig, adapter?: Adapter) {
    this.#weights = weights;
    this.#scale = adapter === undefined ? 0 : adapter.alpha / adapter.rank;
    this.tensors = llamaTensors(config);
    this.mergedAdapters = [...config.mergedAdapters ?? [], ...adapter === undefined ? [] : [adapterDigest(adapter)]];
    const shapes = new Map(this.tensors.map(({ name, shape }) => [name, shape]));
    for (const [name, shape] of shapes) weights.expectTensor(name, shape);
    for (const tensor of adapter?.tensors ?? []) {
      const name = projectionName(tensor.layer, tensor.target);
      const [rows, columns] = shapes.get(name) ?? [];
      if (rows !== tensor.outFeatures || columns !== tensor.inFeatures) {
        throw new AdapterFitError(
          `the adapter does not fit this model: its layer ${tensor.layer} ${tensor.target} changes ` +
            `[${tensor.outFeatures}, ${tensor.inFeatures}], the model has ${rows ? `[${rows}, ${columns}]` : "none"}`,
        );
      }
      this.#adapted.set(name, tensor);
    }
  }

  /**
   * The values of a tensor from its first row to its last, in stretches of whole rows.
   *
   * @param multiple of rows that stay together, such as those of a head
   * @param most values of a stretch, more only where the rows that stay together have more
   */
  async *stretches(
    { name, shape }: LlamaTensor,
    multiple = 1,
    most = STRETCH_VALUES,
  ): AsyncGenerator<Float32Array<ArrayBuffer>> {
    const [rows = 1, columns = 1] = shape.length === 1 ? [1, shape[0]] : shape;
    const step = Math.max(1, Math.floor(most / columns / multiple)) * multiple;
    for (let begin = 0; begin < rows; begin += step) {
      const end = Math.min(rows, begin + step);
      const values = shape.length === 1
        ? await this.#weights.readFloat32(name)
        : await this.#weights.readFloat32(name, begin, end);
      const adapted = this.#adapted.get(name);
      yield adapted === undefined ? values : addProduct(values, adapted, this.#scale, begin);
    }
  }
}

/** W + scale · B·A for the rows of W from `begin` on. */
function addProduct(
  weights: Float32Array<ArrayBuffer>,
  { a, b, inFeatures: columns, outFeatures }: AdapterTensor,
  scale: number,
  begin: number,
): Float32Array<ArrayBuffer> {
  const rank = b.length / outFeatures;
  const sum = new Float64Array(columns);
  for (let row = 0; row < weights.length / columns; row++) {
    sum.fill(0);
    for (let r = 0; r < rank; r++) {
      const factor = scale * (b[(begin + row) * rank + r] ?? 0);
      const line = a.subarray(r * columns, (r + 1) * columns);
      for (let k = 0; k < columns; k++) sum[k]! += factor * line[k]!;
    }
    const into = weights.subarray(row * columns, (row + 1) * columns);
    for (let k = 0; k < columns; k++) into[k]! += sum[k]!;
  }
  return weights;
}
