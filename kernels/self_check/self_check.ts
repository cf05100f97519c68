// A quick test of the device at hand: some drivers compile a kernel and compute something else. The kernels that a training
// and an answer are made of run on small cases with remainders, and are compared with float64 on the processor.
import type { Device } from "../gpu/device.ts";
import { attentionCases } from "./self_check_attention.ts";
import { CheckBench } from "./self_check_bench.ts";
import type { SplitK } from "../product/split_k.ts";
import { byteCases, productCases } from "./self_check_products.ts";
import { trainingCases } from "./self_check_training.ts";
import { download } from "../gpu/tensor.ts";
import type { WeightBits } from "../weight/weight.ts";

/** The outcome of one check. */
export interface SelfCheck {
  readonly name: string;
  /** Largest difference from float64, relative to 1 + |wanted|. */
  readonly error: number;
  readonly passed: boolean;
}

/** What is to be computed on the device; all that models have when left out. */
export interface CheckedUse {
  readonly headSizes: readonly number[];
  readonly bits: readonly WeightBits[];
  /** Slices that the device cuts the sums of products into (split_k.ts); whole sums when left out. */
  readonly splitK?: SplitK;
  /** Products of bytes (byte_product.ts) are among it. */
  readonly activations?: "int8";
}

const everything: CheckedUse = { headSizes: [64, 128], bits: [8, 4, 32] };

/** What each check may be off by: float32 sums of this length are well within. */
const tolerance = 1e-4;

function worst(found: Float32Array, wanted: ArrayLike<number>): number {
  let most = 0;
  for (let i = 0; i < wanted.length; i++) {
    const error = Math.abs(found[i]! - wanted[i]!) / (1 + Math.abs(wanted[i]!));
    most = Number.isNaN(error) ? Infinity : Math.max(most, error);
  }
  return most;
}

/** Runs the checks; takes a second or two, and the time of compiling some thirty kernels where that is new. */
export async function selfCheck(device: Device, use: CheckedUse = everything): Promise<SelfCheck[]> {
  const bench = new CheckBench(device);
  try {
    const cases = [
      ...productCases(bench, use.bits),
      ...attentionCases(bench, use.headSizes),
      ...trainingCases(bench),
      ...(use.activations ? byteCases(bench) : []),
    ];
    await bench.stream.submit();
    const found = await download(device, ...cases.map(({ tensor }) => tensor));
    return cases.map(({ name, wanted }, i) => {
      const error = worst(found[i]!, wanted);
      return { name, error, passed: error < tolerance };
    });
  } finally {
    bench.close();
  }
}
