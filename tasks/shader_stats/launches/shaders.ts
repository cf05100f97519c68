// All shaders of the product as a device of some kind would compile them.
import { createHash } from "node:crypto";
import type { DeviceInfo } from "../../../kernels/gpu/device.ts";
import { decodeLaunches } from "./decode.ts";
import { launchBench } from "./launch.ts";
import { productLaunches } from "./products.ts";
import { cardInfo, type RecordedShader, recordingDevice } from "./recording_device.ts";
import { trainingLaunches } from "./training.ts";

/** A shader with what tells it from others of the same kernel. */
export interface Shader extends RecordedShader {
  /** The kernel and its variant: `attention, heads of 64`. */
  readonly name: string;
}

/** Every shader, in the order of the launches; one that several launches share has the name of the first. */
export function shadersOf(info: DeviceInfo): Shader[] {
  const { device, shaders } = recordingDevice(info);
  const bench = launchBench(device);
  const named = new Map<string, Shader>();
  for (const { variant, run } of [...productLaunches(device), ...trainingLaunches, ...decodeLaunches]) {
    const before = shaders.length;
    run(bench);
    for (const shader of shaders.slice(before)) {
      const name = variant === "" ? shader.kernel : `${shader.kernel}, ${variant}`;
      if (!named.has(shader.code)) named.set(shader.code, { ...shader, name });
    }
  }
  return [...named.values()];
}

/** Sizes of subgroups that cards have; 0 stands for those that choose for each kernel. */
const subgroupSizes = [0, 32, 64];

/** Says whether two runs were of the same kernels: the SHA-256 of all that any card compiles, its first 16 digits. */
export function shaderDigest(): string {
  const hash = createHash("sha256");
  for (const size of subgroupSizes) {
    for (const { name, code } of shadersOf(cardInfo(size))) hash.update(`${name}\0${code}\0`);
  }
  return hash.digest("hex").slice(0, 16);
}
