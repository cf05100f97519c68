// What `deno task bench` measures, in order, and the one object that it is printed as with --json.
import type { Device } from "../../kernels/gpu/device.ts";
import { tuneProducts } from "../../kernels/product/autotune.ts";
import { setProductChoices } from "../../kernels/product/product_choice.ts";
import { productVariants } from "../../kernels/product/product_variants.ts";
import type { WeightBits } from "../../kernels/weight/weight.ts";
import { productShapes } from "../../models/training/product_tuning.ts";
import { defaultHeadRows } from "../../models/training/workspace_layout.ts";
import { BENCH_CONFIGS, type BenchConfig, type BenchConfigName, benchLora } from "./configs.ts";
import { benchDecode, decodeLengths, type DecodeResult } from "./decode.ts";
import { type MachineFacts, machineFacts } from "./machine.ts";
import { Meter } from "./measure.ts";
import { benchMemoryBound, type MemoryBoundResult } from "./memory_bound.ts";
import { benchPacking, type PackingResult } from "./packing.ts";
import { BENCH_PARTS, type BenchObserver, type BenchPart, measurePieces, type Piece } from "./pieces.ts";
import { benchProduct, comparedShape, type ProductResult, type ProductShape, shapes7B } from "./products.ts";
import { benchStep, type StepMemory, type StepResult } from "./steps.ts";
import { syntheticBatch } from "./synthetic.ts";
import { usefulFlops } from "./useful_flops.ts";

/** Shapes that products are measured at: one by all variants, and LLaMA-7B's by the variant that is used. */
export const BENCH_SHAPES = ["compared", "llama-7b"] as const;

/** Bits that weights may have. */
export const BENCH_BITS: readonly WeightBits[] = [4, 8, 32];

/** What to measure. */
export interface BenchOptions {
  readonly parts: readonly BenchPart[];
  readonly configs: readonly BenchConfigName[];
  readonly shapes: readonly (typeof BENCH_SHAPES)[number][];
  /** Bits of a base weight: 8 when left out, and for the kernels all. */
  readonly bits?: WeightBits | undefined;
  readonly steps: number;
  /** Tokens of a micro-batch in place of the configuration's, and the most of a prompt and of an answer. */
  readonly tokens?: number | undefined;
  /** Bytes of GPU memory that a training may take. */
  readonly memory: number;
  /** Whether the quickest variants of the products are found before steps are measured, as before a long training. */
  readonly autotune: boolean;
  /** Every measurement is repeated for this time in ms, that of a step for ten times as long. */
  readonly repeatMs: number;
  /** Folder of alpaca files for the packing. */
  readonly data: string | undefined;
}

/** A result with the configuration that it was measured with. */
export type Of<Result> = { readonly config: BenchConfigName; readonly bits: WeightBits } & Result;

/** All that was measured. */
export interface BenchReport {
  readonly machine: MachineFacts;
  readonly kernels: (ProductResult | MemoryBoundResult)[];
  readonly steps: Of<StepResult>[];
  readonly decode: Of<DecodeResult>[];
  readonly packing: Of<PackingResult>[];
  /** The memory of the largest training of `steps`. */
  memory?: Of<StepMemory>;
  /** Parts that could not be measured, and why. */
  readonly skipped: { readonly part: BenchPart; readonly reason: string }[];
}

/** What is told of a bench that goes on; of a part that is done with the report so far. */
export interface RunObserver {
  readonly begin: BenchObserver["begin"];
  readonly done: (part: BenchPart, report: BenchReport) => void;
}

/** Rows of at most this many tokens. */
const longestRow = 256;

function withTokens(config: BenchConfig, tokens: number | undefined): BenchConfig {
  if (tokens === undefined) return config;
  const rows = Math.ceil(tokens / longestRow);
  return { ...config, rows, rowTokens: Math.ceil(tokens / rows) };
}

/** Configurations whose head has LLaMA's vocabulary, and one whose head is small. */
const packingConfigs: readonly BenchConfigName[] = ["M", "M-32k"];

/** Seconds of a piece beside its operations: compiling, making weights, starting. */
const overhead = { kernel: 0.3, steps: 15, decode: 5, packing: 60 };
/** Operations a second of two cores with AVX-512. */
const usualRate = 60e9;

function kernelPieces(device: Device, options: BenchOptions, report: BenchReport): Piece[] {
  const perKernel = options.repeatMs / 1000 + overhead.kernel;
  const withMeter = async (body: (meter: Meter) => Promise<(ProductResult | MemoryBoundResult)[]>) => {
    const meter = new Meter(device, options.repeatMs);
    try {
      report.kernels.push(...await body(meter));
    } finally {
      meter.close();
    }
  };
  const product = (shape: ProductShape, bits: WeightBits): Piece => {
    const all = shape === comparedShape;
    const { m, n, k } = shape;
    return {
      part: "kernels",
      name: `${bits} bits, ${m} x ${n} x ${k}`,
      seconds: 2 * (all ? productVariants(device).length : 1) * (perKernel + 3 * 2 * m * n * k / usualRate),
      measure: () => withMeter((meter) => benchProduct(meter, shape, bits, all)),
    };
  };
  const shapes = options.shapes.flatMap((name) => name === "compared" ? [comparedShape] : shapes7B);
  const bits = options.bits ? [options.bits] : BENCH_BITS;
  return [
    ...bits.flatMap((bits) => shapes.map((shape) => product(shape, bits))),
    {
      part: "kernels",
      name: "rms_norm, rope, swiglu, cross_entropy, adamw …",
      seconds: 11 * perKernel,
      measure: () => withMeter((meter) => benchMemoryBound(meter, BENCH_CONFIGS["llama-7b"].model)),
    },
  ];
}

function stepPiece(
  device: Device,
  options: BenchOptions,
  name: BenchConfigName,
  report: BenchReport,
  signal: AbortSignal,
): Piece {
  const bits = options.bits ?? 8;
  const config = withTokens(BENCH_CONFIGS[name], options.tokens);
  const { model, rows, rowTokens } = config;
  const flops = usefulFlops(model, benchLora, syntheticBatch(model.vocabularySize, rows, rowTokens)).total;
  return {
    part: "steps",
    name: `${name}, ${bits} bits`,
    seconds: overhead.steps + (options.autotune ? 10 : 0) + 20 * options.repeatMs / 1000 + 5 * flops / usualRate,
    async measure() {
      const { steps, memory, repeatMs } = options;
      const shape = { config: model, bits, tokens: rows * rowTokens, headRows: defaultHeadRows };
      setProductChoices(device, options.autotune ? await tuneProducts(device, productShapes(shape), { signal }) : {});
      const result = await benchStep(device, config, bits, { steps, memory, repeatMs: 10 * repeatMs });
      report.steps.push({ config: name, bits, ...result });
      if (result.memory.allocated > (report.memory?.allocated ?? 0)) {
        report.memory = { config: name, bits, ...result.memory };
      }
    },
  };
}

function decodePiece(device: Device, options: BenchOptions, name: BenchConfigName, report: BenchReport): Piece {
  const bits = options.bits ?? 8;
  const { model } = BENCH_CONFIGS[name];
  const most = options.tokens ?? Infinity;
  const lengths = { prompt: Math.min(decodeLengths.prompt, most), made: Math.min(decodeLengths.made, most) };
  const { products } = usefulFlops(model, { ...benchLora, targets: [] }, syntheticBatch(model.vocabularySize, 1, 256));
  return {
    part: "decode",
    name: `${name}, ${bits} bits`,
    // A token alone costs as much as eight in a prompt; eight repeats of all three measurements.
    seconds: overhead.decode + 8 * products / 512 * (lengths.prompt + 2 * 8 * lengths.made) / usualRate,
    async measure() {
      report.decode.push({ config: name, bits, ...await benchDecode(device, model, bits, lengths) });
    },
  };
}

async function packingPieces(device: Device, { data, bits = 8 }: BenchOptions, report: BenchReport): Promise<Piece[]> {
  if (data === undefined || !(await Deno.stat(data).catch(() => undefined))?.isDirectory) {
    const reason = `--packing-data wants a folder of alpaca rows, found ${data ?? "none"}`;
    report.skipped.push({ part: "packing", reason });
    return [];
  }
  return packingConfigs.map((name) => ({
    part: "packing",
    name: `${name}, ${bits} bits`,
    seconds: overhead.packing,
    async measure() {
      report.packing.push({ config: name, bits, ...await benchPacking(device, BENCH_CONFIGS[name], bits, data) });
    },
  }));
}

/** Measures; `observer` is told when a piece begins and when a part is done, with the report so far. */
export async function runBench(
  device: Device,
  options: BenchOptions,
  observer: RunObserver,
  signal: AbortSignal,
): Promise<BenchReport> {
  const report: BenchReport = {
    machine: machineFacts(device.info),
    kernels: [],
    steps: [],
    decode: [],
    packing: [],
    skipped: [],
  };
  const { configs, parts } = options;
  const pieces: Record<BenchPart, () => Piece[] | Promise<Piece[]>> = {
    kernels: () => kernelPieces(device, options, report),
    steps: () => configs.map((name) => stepPiece(device, options, name, report, signal)),
    decode: () => configs.map((name) => decodePiece(device, options, name, report)),
    packing: () => packingPieces(device, options, report),
  };
  const wanted: Piece[] = [];
  for (const part of BENCH_PARTS) if (parts.includes(part)) wanted.push(...await pieces[part]());
  await measurePieces(wanted, { begin: observer.begin, done: (part) => observer.done(part, report) }, signal);
  for (const { part } of report.skipped) observer.done(part, report);
  return report;
}
