import { TokenReader } from "../../../datasets/token_reader.ts";
import type { Device } from "../../../kernels/device.ts";
import type { BaseWeights } from "../../../models/base_file.ts";
import { Evaluator } from "../../../models/evaluator.ts";
import type { Adapter } from "../../../models/formats/adapter.ts";
import { Lora } from "../../../models/lora.ts";
import { lossOfSplit } from "../loss.ts";

/** Fewest tokens of a micro-batch, if there are so many. */
const leastBudget = 1024;

/** Mean −log p of the labelled validation tokens without the adapter and with it, in nats. */
export async function compareLosses(
  device: Device,
  base: BaseWeights,
  adapter: Adapter | undefined,
  tokensDir: string,
  options: { readonly signal: AbortSignal; readonly onTokens: (done: number, total: number) => void },
): Promise<{ before: number; after?: number }> {
  using reader = new TokenReader(tokensDir, "validation", base.config.vocabularySize);
  const lora = adapter && new Lora(device, base.config, adapter, false);
  if (adapter) lora?.load(adapter);
  const budget = Math.max(leastBudget, ...reader.lengths);
  const evaluator = new Evaluator(device, base, Math.min(budget, reader.tokens), lora);
  const total = reader.tokens * (lora ? 2 : 1);
  try {
    const loss = (withAdapter: boolean, begun: number) =>
      lossOfSplit(
        evaluator,
        reader,
        budget,
        withAdapter,
        options.signal,
        (done) => options.onTokens(begun + done, total),
      );
    const before = await loss(false, 0);
    return lora ? { before, after: await loss(true, reader.tokens) } : { before };
  } finally {
    evaluator.close();
    lora?.close();
  }
}
