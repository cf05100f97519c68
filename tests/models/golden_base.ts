import { assertEquals } from "@std/assert";
import type { TokenRow } from "../../datasets/tokens/token_files.ts";
import { type Device, openDevice } from "../../kernels/gpu/device.ts";
import type { WeightBits } from "../../kernels/weight/weight.ts";
import { loadBase, writeBase } from "../../models/base_file.ts";
import type { BaseWeights } from "../../models/base_weights.ts";
import { type LlamaConfig, readConfig } from "../../models/formats/config.ts";
import { openWeights } from "../../models/formats/weights.ts";
import { takenForCard } from "../kernels/harness.ts";
import { shareGpu } from "../kernels/shared_gpu.ts";
import goldens from "./goldens/goldens.json" with { type: "json" };

shareGpu();

/** Where the golden files lie. */
export const goldenFolder = new URL("./goldens/", import.meta.url).pathname;

/** A network of the golden files. */
export type GoldenName = keyof typeof goldens.configs;

/** All networks of the golden files. */
export const goldenNames = Object.keys(goldens.configs) as GoldenName[];

/** The machine's device; with VICUNA_TEST_DEVICE=card it is taken for a graphics card. */
export async function openTestDevice(): Promise<Device> {
  const device = await openDevice();
  return Deno.env.get("VICUNA_TEST_DEVICE") === "card" ? takenForCard(device) : device;
}

/** The base of a golden network on a fresh device, which the caller closes. */
export async function openGoldenBase(
  name: GoldenName,
  bits: WeightBits,
): Promise<{ device: Device; base: BaseWeights; config: LlamaConfig }> {
  const directory = await Deno.makeTempDir();
  const config = await readConfig(`${goldenFolder}${name}`);
  using weights = await openWeights(`${goldenFolder}${name}`);
  await writeBase(weights, config, bits, directory);
  await Deno.copyFile(`${goldenFolder}${name}/config.json`, `${directory}/config.json`);
  const device = await openTestDevice();
  const base = await loadBase(device, directory);
  await Deno.remove(directory, { recursive: true });
  return { device, base, config };
}

/** The rows that a golden network is trained on. */
export const goldenRows = (name: GoldenName): TokenRow[] =>
  goldens.configs[name].rows.map(({ ids, labels }) => ({
    ids: Uint32Array.from(ids),
    labelled: Uint8Array.from(labels, (label) => label >= 0 ? 1 : 0),
  }));

/** Largest |a − b| / max |b|: the relative error of a tensor as a whole. */
export function relativeError(actual: Float32Array, wanted: ArrayLike<number>): number {
  assertEquals(actual.length, wanted.length);
  let most = 0;
  for (let i = 0; i < wanted.length; i++) most = Math.max(most, Math.abs(wanted[i]!));
  return actual.reduce((worst, value, i) => Math.max(worst, Math.abs(value - wanted[i]!)), 0) / (most || 1);
}
