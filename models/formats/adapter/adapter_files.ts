import { openSafetensors } from "../safetensors/safetensors.ts";
import type { TensorFile } from "../tensor_file.ts";
import { openTorchFile } from "../torch/torch_file.ts";

/** What describes an adapter. */
export const ADAPTER_CONFIG = "adapter_config.json";

/** The names under which PEFT keeps an adapter's weights. */
export const ADAPTER_FILES = { safetensors: "adapter_model.safetensors", bin: "adapter_model.bin" } as const;

/** The name under which a checkpoint of Chinese-Vicuna keeps them, often without an adapter_config.json beside it. */
export const CHECKPOINT_FILE = "pytorch_model.bin";

/**
 * Opens a file of an adapter's weights, in either form.
 *
 * @throws {FormatError} when it is not valid
 */
export async function openAdapterFile(path: string): Promise<TensorFile> {
  return path.endsWith(".bin") ? await openTorchFile(path) : await openSafetensors(path);
}
