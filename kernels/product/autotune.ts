// Finds the quickest variant of the products for classes of shapes. A variant is timed only after it gave the reference's
// values, bit for bit, at the shape's remainders; the reference is the simplest variant, compared with float64 first.
import { type Device, DeviceError } from "../gpu/device.ts";
import { values } from "../gpu/made_values.ts";
import { product, productTransposed } from "./product.ts";
import { type ProductChoices, type ProductShape, shapeClass } from "./product_choice.ts";
import { candidateVariants, defaultVariant, type ProductVariant, productVariant } from "./product_variants.ts";
import { splitKOf } from "./split_k.ts";
import { Stream } from "../gpu/stream.ts";
import { createTensor, destroyTensors, download, type Tensor, tensorOf } from "../gpu/tensor.ts";
import { Timings } from "../gpu/timings.ts";
import { createWeight, freezeWeight, type Weight, weightOf, weightTensors } from "../weight/weight.ts";
import { packRows, unpackRows } from "../weight/weight_pack.ts";

/** How to tune. */
export interface TuneOptions {
  /** What is known already; such classes are not measured again. */
  readonly known?: ProductChoices;
  /** After so many ms the classes left take their default; 10,000. */
  readonly budgetMs?: number;
  /** Called before each class with its number, how many there are, and its name. */
  readonly onProgress?: (done: number, total: number, name: string) => void;
  readonly signal?: AbortSignal;
}

/** Products of so few rows are bound by the memory of the weights: there is nothing to gain. */
const fewRows = 4;
/** Timed shapes are cut to these sizes: the speed of a tile shows by then. A large card is not filled by less than a layer's product. */
const longest = {
  software: { inner: 1024, outer: 2048 },
  card: { inner: 4096, outer: 8192 },
};
const timedRuns = 4;
/** A card that was idle raises its clocks only after so many ms of work. */
const warmUpMs = 200;
const reference = "register-4x4";
/** A variant must be so much quicker than the default to replace it. */
const gain = 0.97;

/** A shape with the same remainders of all tiles, small enough to compare quickly. */
function smallShape(shape: ProductShape): ProductShape {
  const cut = (size: number, unit: number) => size > 2 * unit ? unit + size % unit : size;
  return { ...shape, rows: cut(shape.rows, 64), inner: cut(shape.inner, 128), outer: cut(shape.outer, 512) };
}

/** The shape at which a class of shapes is timed. */
export function timedShape({ info }: Device, shape: ProductShape): ProductShape {
  const { inner, outer } = info.software ? longest.software : longest.card;
  return { ...shape, inner: Math.min(shape.inner, inner), outer: Math.min(shape.outer, outer) };
}

/** Columns and rows of tensors and weights are multiples of 4. */
const padded = (size: number) => Math.ceil(size / 4) * 4;

class Tuner {
  readonly #timings: Timings | undefined;
  readonly #stream: Stream;
  #made: Tensor[] = [];
  #warm = false;

  constructor(readonly device: Device) {
    this.#timings = Timings.of(device);
    this.#stream = new Stream(device, { timings: this.#timings });
  }

  /** Tensors of a shape: x (rows, inner), y (rows, outer) and the weight, of random values if `random`. */
  #prepare({ op, bits, rows, inner, outer }: ProductShape, random: boolean) {
    const [n, k] = op === "product" ? [outer, inner] : [inner, outer];
    const loose = random
      ? weightOf(this.device, "tuning", values(n * padded(k), 1), n, padded(k), bits)
      : createWeight(this.device, "tuning", n, padded(k), bits);
    this.device.gpu.queue.submit([]);
    const weight = freezeWeight(this.device, loose);
    const make = (columns: number, seed: number) =>
      random && seed
        ? tensorOf(this.device, "tuning", [rows, columns], values(rows * columns, seed))
        : createTensor(this.device, "tuning", [rows, columns]);
    const [x, y] = [make(padded(inner), 2), make(padded(outer), 0)];
    this.#made.push(x, y, ...weightTensors(weight));
    return { weight, x, y };
  }

  #release(): void {
    destroyTensors(this.device, this.#made);
    this.#made = [];
  }

  #record(op: ProductShape["op"], x: Tensor, weight: Weight, y: Tensor, variant: ProductVariant): void {
    (op === "product" ? product : productTransposed)(this.#stream, x, weight, y, "set", { variant });
  }

  /** Runs `work`; undefined where the device refuses it, as it may refuse too large a kernel. */
  async #attempt<T>(work: () => Promise<T>): Promise<T | undefined> {
    const { gpu } = this.device;
    const scopes = ["validation", "out-of-memory", "internal"] as const;
    for (const scope of scopes) gpu.pushErrorScope(scope);
    let result: T | undefined;
    let failed = false;
    try {
      result = await work();
    } catch {
      failed = true;
    }
    for (const _ of scopes) if (await gpu.popErrorScope()) failed = true;
    return failed ? undefined : result;
  }

  /** What a variant computes for a shape of random values. */
  async #results(shape: ProductShape, variants: readonly ProductVariant[]): Promise<(Float32Array | undefined)[]> {
    const { weight, x, y } = this.#prepare(shape, true);
    const results: (Float32Array | undefined)[] = [];
    for (const variant of variants) {
      results.push(
        await this.#attempt(async () => {
          this.#record(shape.op, x, weight, y, variant);
          this.#stream.flush();
          return (await download(this.device, y))[0];
        }),
      );
    }
    this.#release();
    return results;
  }

  /** Compares the reference with float64 at a small shape with remainders. Errors: it computes something else. */
  async checkReference({ op, bits }: ProductShape): Promise<void> {
    const [rows, inner, outer] = [13, 44, 68];
    const [n, k] = op === "product" ? [outer, inner] : [inner, outer];
    const [found] = await this.#results({ op, bits, rows, inner, outer }, [productVariant(this.device, reference)]);
    const w = unpackRows(packRows(values(n * k, 1), n, k, bits), n, k, bits);
    const x = values(rows * inner, 2);
    for (let i = 0; i < rows * outer; i++) {
      const row = Math.floor(i / outer), column = i % outer;
      let wanted = 0;
      for (let p = 0; p < inner; p++) {
        wanted += x[row * inner + p]! * (op === "product" ? w[column * k + p]! : w[p * k + column]!);
      }
      if (!(Math.abs((found?.[i] ?? NaN) - wanted) < 1e-4 * (1 + Math.abs(wanted)))) {
        throw new DeviceError(
          `${this.device.info.description} computes wrong results in ${op} at ${bits} bits: ` +
            `wanted ${wanted}, found ${found?.[i]}`,
        );
      }
    }
  }

  /** The variants that give the reference's values to the bit at the shape's remainders. */
  async verified(shape: ProductShape, variants: readonly ProductVariant[]): Promise<ProductVariant[]> {
    const [wanted, ...found] = await this.#results(smallShape(shape), [
      productVariant(this.device, reference),
      ...variants,
    ]);
    return variants.filter((_, i) => wanted && found[i]?.every((value, at) => value === wanted[at]));
  }

  /** Time of `count` calls in ms. */
  async #time(count: number, record: () => void): Promise<number> {
    const begin = performance.now();
    for (let i = 0; i < count; i++) record();
    this.#stream.flush();
    if (this.#timings) return (await this.#timings.read()).reduce((sum, { ms }) => sum + ms, 0);
    await this.device.gpu.queue.onSubmittedWorkDone();
    return performance.now() - begin;
  }

  /** Keeps a graphics card busy until its clocks are those of a long training. */
  async #warmUp(record: () => void): Promise<void> {
    if (this.device.info.software || this.#warm) return;
    const begin = performance.now();
    while (performance.now() - begin < warmUpMs) await this.#time(1, record);
    this.#warm = true;
  }

  /**
   * The quickest of some variants, which take turns, so that a device whose clocks change is fair to all. The first, which is
   * the default, stays unless another is clearly quicker.
   */
  async quickest(shape: ProductShape, variants: readonly ProductVariant[]): Promise<ProductVariant> {
    const { weight, x, y } = this.#prepare(timedShape(this.device, shape), false);
    const runs = variants.map((variant) => ({
      variant,
      record: () => this.#record(shape.op, x, weight, y, variant),
      count: 1,
      ms: Infinity,
    }));
    await this.#warmUp(runs[0]!.record);
    let least = Infinity;
    for (let turn = 0; turn <= timedRuns; turn++) {
      for (const run of runs) {
        if (turn > 0 && run.ms > 3 * least) continue;
        run.ms = Math.min(run.ms, await this.#time(run.count, run.record) / run.count);
        least = Math.min(least, run.ms);
        if (turn === 0 && !this.#timings) run.count = Math.max(1, Math.ceil(50 / run.ms));
      }
    }
    this.#release();
    return runs.reduce((best, run) => run.ms < best.ms * gain ? run : best).variant;
  }

  close(): void {
    this.#stream.close();
    this.#timings?.close();
  }
}

/** The variants that give the reference's values, bit for bit, at the remainders of a shape. */
export async function verifiedVariants(
  device: Device,
  shape: ProductShape,
  variants: readonly ProductVariant[],
): Promise<readonly ProductVariant[]> {
  const tuner = new Tuner(device);
  try {
    return await tuner.verified(shape, variants);
  } finally {
    tuner.close();
  }
}

/**
 * Measures which variant is quickest for each class among `shapes` that is not known yet. Gives all choices, the known
 * ones too, for `setProductChoices` and for a file. Classes of very few rows are left to the default.
 *
 * @throws {DeviceError} when even the simplest variant computes wrong results
 */
export async function tuneProducts(
  device: Device,
  shapes: readonly ProductShape[],
  options: TuneOptions = {},
): Promise<ProductChoices> {
  const { known = {}, budgetMs = 10_000, onProgress, signal } = options;
  const open = new Map(
    shapes.filter(({ rows }) => rows > fewRows).map((shape) => [shapeClass(shape, splitKOf(device)), shape] as const)
      .filter(([key]) => !Object.hasOwn(known, key)),
  );
  const choices: Record<string, string> = { ...known };
  if (open.size === 0) return choices;
  const tuner = new Tuner(device);
  const checked = new Set<string>();
  const begin = performance.now();
  let done = 0;
  try {
    for (const [key, shape] of open) {
      signal?.throwIfAborted();
      onProgress?.(done++, open.size, key);
      const standard = defaultVariant(device, shape);
      choices[key] = standard.name;
      if (performance.now() - begin > budgetMs) continue;
      const kind = `${shape.op} ${shape.bits}`;
      if (!checked.has(kind)) await tuner.checkReference(shape);
      checked.add(kind);
      const others = candidateVariants(device, shape.rows).filter((variant) => variant !== standard);
      const candidates = await tuner.verified(shape, [standard, ...others]);
      if (candidates.length > 0) choices[key] = (await tuner.quickest(shape, candidates)).name;
      device.check();
    }
  } finally {
    tuner.close();
  }
  return choices;
}
