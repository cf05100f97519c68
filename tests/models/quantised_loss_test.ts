// What quantisation costs on a real model: the loss on stories that the model itself made (sampled in float32 at
// temperature 1 by transformers, so float32 finds them as likely as any text) and on a few written by hand.
import { assert } from "@std/assert";
import { buildMicroBatch, type MicroBatch } from "../../datasets/tokens/packing.ts";
import { type Device, openDevice } from "../../kernels/gpu/device.ts";
import type { WeightBits } from "../../kernels/weight/weight.ts";
import { loadBase, writeBase } from "../../models/base_file.ts";
import { readConfig } from "../../models/formats/config.ts";
import { openWeights } from "../../models/formats/weights.ts";
import { type Activations, useByteActivations } from "../../models/training/byte_activations.ts";
import { loadTokenizer } from "../../models/tokenizer/tokenizer.ts";
import { LoraTrainer } from "../../models/training/trainer.ts";
import { inFolder } from "./temp_folder.ts";

const stories = new URL("../../../shared/data/tinystories-260k", import.meta.url).pathname;
const absent = !await Deno.stat(stories).then(() => true, () => false);
const skipped = absent ? " (skipped: the model ../shared/data/tinystories-260k is not there)" : "";

const byHand = [
  "Once upon a time, there was a little dog named Max. He liked to run in the garden with his friend Tom.",
  'Lily and Ben went to the park. They saw a big tree and wanted to climb it. Their mom said, "Be careful!"',
  "One day, a boy found a shiny stone. He showed it to his sister. She was very happy and they played all day.",
  "The cat was sad because it was raining. It sat by the window and looked at the birds outside.",
];

async function batchesOfText(): Promise<MicroBatch[]> {
  using tokenizer = await loadTokenizer(stories);
  const sampled = await Deno.readTextFile(new URL("./goldens/sampled_stories.txt", import.meta.url));
  const rows = [...sampled.trim().split("\n"), ...byHand].map((text) => {
    const ids = Uint32Array.from([tokenizer.bosId, ...tokenizer.encode(text)]);
    return { ids, labelled: new Uint8Array(ids.length).fill(1) };
  });
  return Array.from({ length: Math.ceil(rows.length / 4) }, (_, i) => buildMicroBatch(rows.slice(i * 4, i * 4 + 4)));
}

async function lossOf(
  device: Device,
  bits: WeightBits,
  batches: readonly MicroBatch[],
  activations?: Activations,
): Promise<number> {
  return await inFolder(async (directory) => {
    const config = await readConfig(stories);
    using weights = await openWeights(stories);
    await writeBase(weights, config, bits, directory);
    await Deno.copyFile(`${stories}/config.json`, `${directory}/config.json`);
    const tokens = Math.max(...batches.map(({ tokenCount }) => tokenCount));
    using _activations = activations && useByteActivations(device, config, tokens);
    const trainer = new LoraTrainer(device, await loadBase(device, directory), {
      lora: { rank: 4, alpha: 8, dropout: 0, targets: ["q_proj"] },
      tokens,
      seed: 1,
      optimizer: { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0 },
      maxGradientNorm: 1,
    });
    const sum = await trainer.evaluate(batches, { adapter: false });
    trainer.close();
    return sum / batches.reduce((count, { labelledCount }) => count + labelledCount, 0);
  });
}

Deno.test(
  `8-bit weights change a real model's loss by less than 0.3 %, 8-bit activations as well by 0.5 %, 4-bit weights by 3 %${skipped}`,
  {
    ignore: absent,
  },
  async () => {
    const device = await openDevice();
    const batches = await batchesOfText();
    const exact = await lossOf(device, 32, batches);
    assert(exact > 1 && exact < 1.5, `a model of such stories should find them likely, found loss ${exact}`);
    for (const [bits, most, activations] of [[8, 0.003], [8, 0.005, "int8"], [4, 0.03]] as const) {
      const change = await lossOf(device, bits, batches, activations) / exact - 1;
      console.log(bits, activations, exact, 100 * change);
      assert(Math.abs(change) < most, `${bits} bits, activations ${activations}: ${100 * change} % from ${exact}`);
    }
    device.close();
  },
);
