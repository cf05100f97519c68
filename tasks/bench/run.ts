// What `deno task bench` measures, in order, and the one object that it is printed as with --json.
import type { Device, DeviceInfo } from "../../kernels/device.ts";
import { tuneProducts } from "../../kernels/autotune.ts";
import { setProductChoices } from "../../kernels/product_choice.ts";
import type { WeightBits } from "../../kernels/weight.ts";
import { productShapes } from "../../models/product_tuning.ts";
import { defaultHeadRows } from "../../models/workspace_layout.ts";
import { BENCH_CONFIGS, type BenchConfig, type BenchConfigName } from "./configs.ts";
import { benchDecode, decodeLengths, type DecodeResult } from "./decode.ts";
import { Meter } from "./measure.ts";
import { benchMemoryBound, type MemoryBoundResult } from "./memory_bound.ts";
import { benchPacking, type PackingResult } from "./packing.ts";
import { benchProduct, comparedShape, type ProductResult, shapes7B } from "./products.ts";
import { benchStep, type StepMemory, type StepResult } from "./steps.ts";

/** What can be measured. */
export const BENCH_PARTS = ["kernels", "steps", "decode", "packing"] as const;

/** One of the parts. */
export type BenchPart = typeof BENCH_PARTS[number];

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
  /** Tokens of a micro-batch in place of the configuration's. */
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
  readonly device: DeviceInfo;
  readonly kernels: (ProductResult | MemoryBoundResult)[];
  readonly steps: Of<StepResult>[];
  readonly decode: Of<DecodeResult>[];
  readonly packing: Of<PackingResult>[];
  /** The memory of the largest training of `steps`. */
  memory?: Of<StepMemory>;
  /** Parts that could not be measured, and why. */
  readonly skipped: { readonly part: BenchPart; readonly reason: string }[];
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

/** Measures; `onPart` is told when a part is done, with the report so far. */
export async function runBench(
  device: Device,
  options: BenchOptions,
  onPart: (part: BenchPart, report: BenchReport) => void,
  signal: AbortSignal,
): Promise<BenchReport> {
  const report: BenchReport = { device: device.info, kernels: [], steps: [], decode: [], packing: [], skipped: [] };
  const bits = options.bits ?? 8;
  const configs = options.configs.map((name) => ({ name, config: withTokens(BENCH_CONFIGS[name], options.tokens) }));
  const measure: Record<BenchPart, () => Promise<void>> = {
    async kernels() {
      const meter = new Meter(device, options.repeatMs);
      try {
        for (const bits of options.bits ? [options.bits] : BENCH_BITS) {
          const wanted = options.shapes.flatMap((name) => name === "compared" ? [comparedShape] : shapes7B);
          for (const shape of wanted) {
            signal.throwIfAborted();
            report.kernels.push(...await benchProduct(meter, shape, bits, shape === comparedShape));
          }
        }
        report.kernels.push(...await benchMemoryBound(meter, BENCH_CONFIGS["llama-7b"].model));
      } finally {
        meter.close();
      }
    },
    async steps() {
      for (const { name, config } of configs) {
        signal.throwIfAborted();
        const { steps, memory, repeatMs } = options;
        const { model, rows, rowTokens } = config;
        const shape = { config: model, bits, tokens: rows * rowTokens, headRows: defaultHeadRows };
        setProductChoices(device, options.autotune ? await tuneProducts(device, productShapes(shape), { signal }) : {});
        const result = await benchStep(device, config, bits, { steps, memory, repeatMs: 10 * repeatMs });
        report.steps.push({ config: name, bits, ...result });
        if (result.memory.allocated > (report.memory?.allocated ?? 0)) {
          report.memory = { config: name, bits, ...result.memory };
        }
      }
    },
    async decode() {
      for (const { name, config } of configs) {
        signal.throwIfAborted();
        const prompt = Math.min(decodeLengths.prompt, options.tokens ?? Infinity);
        const result = await benchDecode(device, config.model, bits, { ...decodeLengths, prompt });
        report.decode.push({ config: name, bits, ...result });
      }
    },
    async packing() {
      const { data } = options;
      if (data === undefined || !(await Deno.stat(data).catch(() => undefined))?.isDirectory) {
        const reason = `--packing-data wants a folder of alpaca rows, found ${data ?? "none"}`;
        report.skipped.push({ part: "packing", reason });
        return;
      }
      for (const name of packingConfigs) {
        signal.throwIfAborted();
        const result = await benchPacking(device, BENCH_CONFIGS[name], bits, data);
        report.packing.push({ config: name, bits, ...result });
      }
    },
  };
  for (const part of BENCH_PARTS) {
    if (!options.parts.includes(part)) continue;
    await measure[part]();
    onPart(part, report);
  }
  return report;
}
