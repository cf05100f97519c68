// The products' variants for a training: measured once on a device, and remembered in a note of the cache.
import { createHash } from "node:crypto";
import { join } from "@std/path";
import { z } from "zod";
import { tuneProducts } from "../../kernels/product/autotune.ts";
import type { Device } from "../../kernels/gpu/device.ts";
import { type ProductChoices, type ProductShape, setProductChoices } from "../../kernels/product/product_choice.ts";
import type { WeightBits } from "../../kernels/weight/weight.ts";
import { describeDevice } from "../device_check.ts";
import type { LlamaConfig } from "../formats/config.ts";
import { llamaTensors } from "../formats/llama_tensors.ts";
import { tensorBits } from "../tensor_bits.ts";

/** The trainings whose products are tuned. */
export interface TuningShape {
  readonly config: LlamaConfig;
  readonly bits: WeightBits;
  /** Most tokens of a micro-batch. */
  readonly tokens: number;
  /** Labelled rows whose logits exist at once. */
  readonly headRows: number;
}

/** Where the choices for a device are kept, and how long measuring may take. */
export interface TuningOptions {
  readonly folder: string;
  readonly signal?: AbortSignal;
  /** After so many ms what is left takes its default; 10,000. */
  readonly budgetMs?: number;
}

/** Trainings of fewer operations than this end before tuning pays: some minutes on a processor, seconds on a GPU. */
const worthTuning = 2e13;

/** Whether a training of so many tokens in all is long enough for tuning to pay. */
export function paysToTune(config: LlamaConfig, tokensInAll: number): boolean {
  const parameters = llamaTensors(config).reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
  return 4 * parameters * tokensInAll > worthTuning;
}

/** The products of a training step, forward and backward. */
export function productShapes({ config, bits, tokens, headRows }: TuningShape): ProductShape[] {
  return llamaTensors(config).flatMap(({ name, shape: [n, k] }): ProductShape[] => {
    const head = config.tiedEmbeddings ? name === "model.embed_tokens.weight" : name === "lm_head.weight";
    if (k === undefined || (name === "model.embed_tokens.weight" && !head)) return [];
    const shared = { bits: tensorBits(config, name, bits), rows: head ? headRows : tokens };
    return [
      { op: "product", ...shared, inner: k, outer: n! },
      { op: "product_transposed", ...shared, inner: n!, outer: k },
    ];
  });
}

const note = z.object({ device: z.unknown(), choices: z.record(z.string(), z.string()) });

async function readChoices(path: string, device: unknown): Promise<ProductChoices> {
  try {
    const found = note.parse(JSON.parse(await Deno.readTextFile(path)));
    return JSON.stringify(found.device) === JSON.stringify(device) ? found.choices : {};
  } catch {
    return {}; // Absent or damaged: it only means measuring again.
  }
}

async function writeChoices(path: string, device: unknown, choices: ProductChoices): Promise<void> {
  const aside = `${path}.${crypto.randomUUID()}`;
  try {
    await Deno.writeTextFile(aside, JSON.stringify({ device, choices }, null, 2));
    await Deno.rename(aside, path);
  } catch {
    await Deno.remove(aside).catch(() => {}); // A note that cannot be kept only means that the next run measures again.
  }
}

/**
 * Gives a device the quickest variants for a training: those of an earlier one on the same adapter, driver and kernels,
 * and what is missing by measuring, within about ten seconds. Gives the number of classes that were measured.
 */
export async function tuneForTraining(device: Device, shape: TuningShape, options: TuningOptions): Promise<number> {
  const { folder, ...tuning } = options;
  const record = await describeDevice(device);
  const digest = createHash("sha256").update(JSON.stringify(record)).digest("hex");
  const path = join(folder, `products-${digest}.json`);
  const known = await readChoices(path, record);
  const choices = await tuneProducts(device, productShapes(shape), { known, ...tuning });
  const measured = Object.keys(choices).length - Object.keys(known).length;
  if (measured > 0) await writeChoices(path, record, choices);
  setProductChoices(device, choices);
  return measured;
}
