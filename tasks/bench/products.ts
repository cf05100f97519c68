// The products with frozen weights, which are most of a training step.
import { paddedRows, product, productTransposed } from "../../kernels/product/product.ts";
import { variantFor } from "../../kernels/product/product_choice.ts";
import { type ProductOp, productVariants } from "../../kernels/product/product_variants.ts";
import { createTensor, firstRows, type Tensor } from "../../kernels/gpu/tensor.ts";
import { createWeight, type Weight, type WeightBits, weightTensors } from "../../kernels/weight/weight.ts";
import { weightGradient } from "../../kernels/product/weight_gradient.ts";
import { defaultHeadRows as headRows } from "../../models/training/workspace_layout.ts";
import type { BaseWeights } from "../../models/base_weights.ts";
import type { MicroBatch } from "../../models/training/batch.ts";
import { LORA_TARGETS } from "../../models/formats/adapter/lora_names.ts";
import type { Meter } from "./measure.ts";
import { hashFill, syntheticWeight } from "./synthetic.ts";

/** Rows of activations M, columns of the result N, columns of x K, for y (M, N) = x (M, K)·Wᵀ. */
export interface ProductShape {
  readonly m: number;
  readonly n: number;
  readonly k: number;
}

/** The speed of a product. */
export interface ProductResult extends ProductShape {
  readonly op: ProductOp | "weight_gradient";
  readonly variant: string;
  readonly bits: WeightBits;
  readonly gflops: number;
}

/** The shape at which all variants are compared. */
export const comparedShape: ProductShape = { m: 256, n: 1024, k: 1024 };

/** The weights of LLaMA-7B: attention, gate and up, down, head. */
export const shapes7B: readonly ProductShape[] = [
  { m: 256, n: 4096, k: 4096 },
  { m: 256, n: 11008, k: 4096 },
  { m: 256, n: 4096, k: 11008 },
  { m: 256, n: 32000, k: 4096 },
];

/** Time in ms of the products with frozen weights that a training step needs at least, one after the other, alone. */
export async function productsOfStep(meter: Meter, base: BaseWeights, batch: MicroBatch): Promise<number> {
  const { device, stream } = meter;
  const { hiddenSize, intermediateSize, vocabularySize } = base.config;
  const widest = Math.max(hiddenSize, intermediateSize);
  const tokens = batch.ids.length;
  const labelled = batch.labels.reduce((sum, label) => sum + (label >= 0 ? 1 : 0), 0);
  return await meter.scope(async (made) => {
    const make = (elements: number) => {
      const tensor = createTensor(device, "bench", [elements]);
      made.push(tensor);
      hashFill(stream, tensor, made.length, 1);
      return tensor;
    };
    const logitsWidth = Math.ceil(vocabularySize / 4) * 4;
    const [narrow, wide, logits] = [make(tokens * widest), make(tokens * widest), make(headRows * logitsWidth)];
    // Not the input's own place: after some turns its values would be too small for normal numbers, which some drivers
    // take much longer for.
    const gradient = make(tokens * widest);
    const shaped = (tensor: Tensor, rows: number, columns: number) =>
      firstRows({ ...tensor, shape: [rows, columns] }, rows);
    const both = (weight: Weight, rows: number, y: Tensor, backward: boolean) => {
      const [input, output] = [shaped(narrow, rows, weight.columns), shaped(y, rows, paddedRows(weight))];
      product(stream, input, weight, output);
      if (backward) productTransposed(stream, output, weight, shaped(gradient, rows, weight.columns));
    };
    return await meter.best(() => {
      base.layers.forEach((layer, index) => {
        for (const target of LORA_TARGETS) {
          both(layer[target], tokens, wide, index > 0 || !["q_proj", "k_proj", "v_proj"].includes(target));
        }
      });
      for (let begin = 0; begin < labelled; begin += headRows) {
        both(base.head, Math.min(headRows, labelled - begin), logits, true);
      }
    });
  });
}

/**
 * Measures x·Wᵀ and dy·W of one shape, by all variants or by the one that is used, and of float32 the gradient of W,
 * dyᵀ·x.
 */
export async function benchProduct(
  meter: Meter,
  { m, n, k }: ProductShape,
  bits: WeightBits,
  all: boolean,
): Promise<ProductResult[]> {
  const { device, stream } = meter;
  return await meter.scope(async (made) => {
    const weight = syntheticWeight(stream, "weight", [n, k], bits, 1);
    made.push(...weightTensors(weight));
    const [x, y] = [createTensor(device, "x", [m, k]), createTensor(device, "y", [m, n])];
    made.push(x, y);
    for (const tensor of [x, y]) hashFill(stream, tensor, 2, 1);
    const results: ProductResult[] = [];
    const measure = async (op: ProductResult["op"], variant: string, record: () => void) => {
      results.push({ op, variant, bits, m, n, k, gflops: 2 * m * n * k / await meter.best(record) / 1e6 });
    };
    const used = (op: ProductOp, inner: number, outer: number) =>
      all ? productVariants(device) : [variantFor(device, { op, bits, rows: m, inner, outer })];
    for (const variant of used("product", k, n)) {
      await measure("product", variant.name, () => product(stream, x, weight, y, "set", { variant }));
    }
    for (const variant of used("product_transposed", n, k)) {
      const record = () => productTransposed(stream, y, weight, x, "set", { variant });
      await measure("product_transposed", variant.name, record);
    }
    if (bits === 32) {
      const gradient = createWeight(device, "gradient", n, k, bits);
      made.push(...weightTensors(gradient));
      await measure("weight_gradient", "", () => weightGradient(stream, y, x, gradient));
    }
    return results;
  });
}
