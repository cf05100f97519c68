import { assertAlmostEquals, assertEquals } from "@std/assert";
import { BENCH_CONFIGS, benchLora } from "../../../tasks/bench/configs.ts";
import { syntheticBatch } from "../../../tasks/bench/synthetic.ts";
import { usefulFlops } from "../../../tasks/bench/useful_flops.ts";

Deno.test("usefulFlops() is what a hand count of a tiny model gives", () => {
  const model = {
    ...BENCH_CONFIGS.S.model,
    hiddenSize: 8,
    intermediateSize: 12,
    layers: 2,
    heads: 2,
    keyValueHeads: 1,
    headSize: 4,
    vocabularySize: 10,
  };
  const lora = { rank: 3, alpha: 1, dropout: 0, targets: ["q_proj", "v_proj"] as const };
  // Two rows of three tokens; the first two of each are labelled.
  const batch = syntheticBatch(10, 2, 3);
  // A layer: q 8·8, k and v 4·8, o 8·8, gate, up and down 12·8.
  const layer = 64 + 32 + 32 + 64 + 3 * 96;
  // Six tokens forward and backward through two layers, but for q, k and v of the lower one; four labelled rows.
  const products = 2 * 6 * (4 * layer - (64 + 32 + 32)) + 2 * 2 * 4 * 80;
  // Pairs of a row: 1 + 2 + 3. Two products forward, four backward, 2 heads of 4.
  const attention = 2 * 6 * 2 * (2 * 6) * 8;
  // A and B of q (8, 8) and v (4, 8): once forward, twice backward.
  const adapters = 2 * 3 * 2 * 6 * 3 * (8 + 8 + 4 + 8);
  assertEquals(usefulFlops(model, lora, batch), {
    products,
    attention,
    lora: adapters,
    total: products + attention + adapters,
  });
});

Deno.test("usefulFlops() of LLaMA-7B is 26.7 GFLOP a token, less what the lowest layer does not need", () => {
  const { model } = BENCH_CONFIGS["llama-7b"];
  const { total } = usefulFlops(model, benchLora, syntheticBatch(model.vocabularySize, 1, 256));
  const lowestLayer = 2 * 3 * 4096 * 4096;
  assertAlmostEquals((total / 256 + lowestLayer) / 1e9, 26.7, 0.05);
});
