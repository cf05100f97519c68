// Before a device is trusted with a training, its kernels are checked once; a note in the cache remembers that they passed.
import { createHash } from "node:crypto";
import { join } from "@std/path";
import { type Device, DeviceError, type DeviceInfo } from "../kernels/gpu/device.ts";
import { type CheckedUse, type SelfCheck, selfCheck } from "../kernels/self_check/self_check.ts";

/** Everything on which the last bits of a result depend, besides its inputs. */
export interface DeviceRecord {
  readonly adapter: DeviceInfo;
  /** Version of Deno, which brings WebGPU. */
  readonly deno: string;
  /** Digest of the kernels' sources. */
  readonly kernels: string;
}

/** Describes a device and the code that runs on it. */
export async function describeDevice({ info }: Device): Promise<DeviceRecord> {
  return { adapter: info, deno: Deno.version.deno, kernels: await digestOfKernels() };
}

/** A digest of all sources of kernels, in sub-folders too: some eighty small files, a few milliseconds. */
export async function digestOfKernels(folder: URL = new URL("../kernels/", import.meta.url)): Promise<string> {
  const names: string[] = [];
  const walk = async (prefix: string): Promise<void> => {
    for await (const { name, isFile, isDirectory } of Deno.readDir(new URL(prefix, folder))) {
      if (isDirectory) await walk(`${prefix}${name}/`);
      else if (isFile && /\.(ts|wgsl)$/.test(name)) names.push(prefix + name);
    }
  };
  await walk("");
  const hash = createHash("sha256");
  for (const name of names.sort()) hash.update(`${name}\0`).update(await Deno.readFile(new URL(name, folder)));
  return hash.digest("hex");
}

/** What {@linkcode checkDevice} did. */
export type DeviceCheck = "known" | "checked";

/**
 * Runs the kernels' self-check on a device, unless a note says that the same adapter, driver and kernels passed it for the
 * same use.
 *
 * @param use what is to be computed
 * @param folder where notes are kept
 * @param check the self-check to run
 * @throws {DeviceError} naming the kernels that compute wrong results; no note is kept then
 */
export async function checkDevice(
  device: Device,
  folder: string,
  use: CheckedUse,
  check: (device: Device, use: CheckedUse) => Promise<SelfCheck[]> = selfCheck,
): Promise<DeviceCheck> {
  const record = JSON.stringify({ ...await describeDevice(device), use }, null, 2);
  const note = join(folder, `device-${createHash("sha256").update(record).digest("hex")}.json`);
  if (await Deno.readTextFile(note).catch(() => "") === record) return "known";
  const failed = (await check(device, use)).filter(({ passed }) => !passed);
  if (failed.length > 0) {
    const list = failed.map(({ name, error }) => `${name} (off by ${error.toExponential(1)})`).join(", ");
    throw new DeviceError(
      `${device.info.description} computes wrong results in ${list}: nothing trained on it would be any good. ` +
        "Update its driver, or use another device; `deno task doctor` repeats the check.",
    );
  }
  // A note that cannot be kept only means that the next run checks again.
  await Deno.writeTextFile(note, record).catch(() => {});
  return "checked";
}
