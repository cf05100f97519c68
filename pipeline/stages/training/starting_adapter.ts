import { type Adapter, readAdapter } from "../../../models/formats/adapter/adapter.ts";
import type { LlamaConfig } from "../../../models/formats/config.ts";
import type { LoraConfig } from "../../../models/training/lora.ts";
import { PipelineError } from "../../core/mod.ts";

/**
 * Reads the adapter that a training begins with. Its rank, alpha, targets and layers must be those that the training
 * asks for: they decide what its matrices mean, and stand in the result's key.
 *
 * @throws {PipelineError} naming every difference and what to ask for
 */
export async function readStartingAdapter(
  dir: string,
  lora: Required<LoraConfig>,
  base: LlamaConfig,
): Promise<Adapter> {
  const adapter = await readAdapter(dir, base);
  const list = (targets: readonly string[]) => [...targets].sort().join(" ");
  const differences = [
    { name: "rank", found: adapter.rank, wanted: lora.rank },
    { name: "alpha", found: adapter.alpha, wanted: lora.alpha },
    { name: "targets", found: list(adapter.targets), wanted: list(lora.targets) },
    { name: "layers", found: new Set(adapter.tensors.map(({ layer }) => layer)).size, wanted: lora.layers },
  ].filter(({ found, wanted }) => found !== wanted);
  if (differences.length > 0) {
    const found = differences.map(({ name, found, wanted }) => `${name} ${found}, not ${wanted}`).join("; ");
    const ask = differences.map(({ name, found }) => `lora.${name} ${found}`).join(", ");
    throw new PipelineError(
      `beginning with the adapter in ${dir}: it has ${found}. To go on from it, ask for what it has: ${ask} ` +
        "(flags --lora-rank, --lora-alpha, --lora-target-modules, --lora-layers)",
    );
  }
  return adapter;
}
