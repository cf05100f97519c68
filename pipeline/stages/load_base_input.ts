import type { Device } from "../../kernels/gpu/device.ts";
import { baseFile, loadBase } from "../../models/base_file.ts";
import type { BaseWeights } from "../../models/base_weights.ts";
import { DamagedFileError } from "../../models/formats/error.ts";
import { DamagedInputError, type StageInput } from "../core/mod.ts";
import type { base } from "./kinds.ts";

/**
 * Loads the input `base` of a stage onto the device, comparing its SHA-256 on the way: for stages that declare
 * `verifies: ["base"]`.
 *
 * @throws {DamagedInputError} when the file is not what `quantize` published
 */
export async function loadBaseInput(device: Device, { dir, files }: StageInput<typeof base>): Promise<BaseWeights> {
  const sha256 = files.find(({ path }) => path === baseFile)?.sha256;
  try {
    return await loadBase(device, dir, sha256 === undefined ? {} : { sha256 });
  } catch (error) {
    throw error instanceof DamagedFileError ? new DamagedInputError("base", baseFile) : error;
  }
}
