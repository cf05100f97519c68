// Kernels whose time is that of moving data: how many bytes they must read and write a second.
import { adamw } from "../../kernels/optimizer/adamw.ts";
import { crossEntropy } from "../../kernels/loss/cross_entropy.ts";
import { embed } from "../../kernels/layer/embed.ts";
import { rmsNorm, rmsNormBackward } from "../../kernels/layer/rms_norm.ts";
import { rope } from "../../kernels/attention/rope.ts";
import { fill, gatherRows, scatterRows } from "../../kernels/layer/rows.ts";
import { swiglu, swigluBackward } from "../../kernels/layer/swiglu.ts";
import { createTensor, reshape, type Tensor, upload } from "../../kernels/gpu/tensor.ts";
import { weightTensors } from "../../kernels/weight/weight.ts";
import type { LlamaConfig } from "../../models/formats/config.ts";
import { ropeTable } from "../../models/rope_table.ts";
import type { Meter } from "./measure.ts";
import { hashFill, syntheticWeight } from "./synthetic.ts";

/** The speed of a kernel that moves data. */
export interface MemoryBoundResult {
  readonly op: string;
  /** Sizes, such as `256 x 4096`. */
  readonly size: string;
  /** 10⁹ bytes a second that must be read or written, each once. */
  readonly gbps: number;
}

interface Case {
  readonly op: string;
  readonly size: readonly number[];
  /** Float32 values that are read and written. */
  readonly values: number;
  readonly record: () => void;
}

/** Tokens, and labelled rows, that the cases have. */
const tokens = 256;
/** LoRA values that AdamW steps through: those of LLaMA-7B with rank 8 on q and v. */
const adapterValues = 32 * 2 * 8 * 2 * 4096;

function casesOf(meter: Meter, config: LlamaConfig, make: (shape: number[], dtype?: "u32") => Tensor): Case[] {
  const { stream } = meter;
  const { hiddenSize: C, intermediateSize: F, heads, headSize, vocabularySize: V } = config;
  const [x, dy, out] = [make([tokens, C]), make([tokens, C]), make([tokens, C])];
  const [gate, up, activated] = [make([tokens, F]), make([tokens, F]), make([tokens, F])];
  const norm = make([C]);
  const [logits, labels, losses] = [make([128, V]), make([128], "u32"), make([128])];
  const [indices, positions] = [make([tokens], "u32"), make([tokens], "u32")];
  const counted = Uint32Array.from({ length: tokens }, (_, i) => i);
  for (const tensor of [indices, positions]) upload(meter.device, tensor, counted);
  upload(meter.device, labels, counted.subarray(0, 128));
  const table = make([tokens, 2, headSize / 2]);
  upload(meter.device, table, ropeTable(config, tokens));
  const state = { weights: 0, gradients: 0, firstMoment: 0, secondMoment: 0 };
  const flat = Object.fromEntries(Object.keys(state).map((name) => [name, make([adapterValues])])) as Record<
    keyof typeof state,
    Tensor
  >;
  fill(stream, flat.secondMoment, 0.5); // a root is drawn from it
  const clip = make([4]);
  const optimizer = { learningRate: 1e-4, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0 };
  const wide = reshape(x, [tokens, heads, headSize]);
  const [rows, gated] = [tokens * C, tokens * F];
  return [
    { op: "rms_norm", size: [tokens, C], values: 2 * rows, record: () => rmsNorm(stream, x, norm, out, 1e-6) },
    {
      op: "rms_norm_backward",
      size: [tokens, C],
      values: 4 * rows,
      record: () => rmsNormBackward(stream, x, norm, dy, out, 1e-6, true),
    },
    { op: "rope", size: [tokens, C], values: 2 * rows, record: () => rope(stream, wide, positions, table, 1) },
    { op: "swiglu", size: [tokens, F], values: 3 * gated, record: () => swiglu(stream, gate, up, activated) },
    {
      op: "swiglu_backward",
      size: [tokens, F],
      values: 5 * gated,
      record: () => swigluBackward(stream, activated, gate, up),
    },
    {
      op: "cross_entropy",
      size: [128, V],
      values: 2 * 128 * V,
      record: () => crossEntropy(stream, logits, labels, losses, V, 1),
    },
    {
      op: "adamw",
      size: [adapterValues],
      values: 8 * adapterValues,
      record: () => adamw(stream, flat, clip, 1, optimizer),
    },
    { op: "gather_rows", size: [tokens, C], values: 2 * rows, record: () => gatherRows(stream, x, indices, out) },
    { op: "scatter_rows", size: [tokens, C], values: 2 * rows, record: () => scatterRows(stream, x, indices, out) },
    { op: "fill", size: [tokens, F], values: gated, record: () => fill(stream, gate, 0.5) },
  ];
}

/** Measures the memory-bound kernels at the sizes of a model, 256 tokens at once. */
export async function benchMemoryBound(meter: Meter, config: LlamaConfig): Promise<MemoryBoundResult[]> {
  const { device, stream } = meter;
  return await meter.scope(async (made) => {
    const make = (shape: number[], dtype?: "u32") => {
      const tensor = createTensor(device, "bench", shape, dtype);
      made.push(tensor);
      if (dtype === undefined) hashFill(stream, tensor, made.length, 1);
      return tensor;
    };
    const results: MemoryBoundResult[] = [];
    for (const { op, size, values, record } of casesOf(meter, config, make)) {
      results.push({ op, size: size.join(" x "), gbps: values * 4 / await meter.best(record) / 1e6 });
    }
    const { vocabularySize, hiddenSize } = config;
    const embedding = syntheticWeight(stream, "embedding", [vocabularySize, hiddenSize], 8, 1);
    made.push(...weightTensors(embedding));
    const [ids, y] = [make([tokens], "u32"), make([tokens, hiddenSize])];
    upload(device, ids, Uint32Array.from({ length: tokens }, (_, t) => Math.imul(t, 7919) % vocabularySize));
    const ms = await meter.best(() => embed(stream, ids, embedding, y));
    // Int8 is read, float32 written.
    results.push({ op: "embed", size: `${tokens} x ${hiddenSize}`, gbps: tokens * hiddenSize * 5 / ms / 1e6 });
    return results;
  });
}
