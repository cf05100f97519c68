import { assert, assertEquals, assertRejects } from "@std/assert";
import { createHash } from "node:crypto";
import { buildMicroBatch } from "../../datasets/tokens/packing.ts";
import { openDevice } from "../../kernels/gpu/device.ts";
import { loadBase, writeBase } from "../../models/base_file.ts";
import { DamagedFileError } from "../../models/formats/error.ts";
import { readConfig } from "../../models/formats/config.ts";
import { openWeights } from "../../models/formats/weights.ts";
import { LoraTrainer } from "../../models/training/trainer.ts";
import goldens from "./goldens/goldens.json" with { type: "json" };
import { inFolder } from "./temp_folder.ts";

const model = new URL("./goldens/plain", import.meta.url).pathname;

for (const bits of [4, 8, 32] as const) {
  Deno.test(`loadBase() splits weights over buffers of a given size, and the loss stays the same to the bit, at ${bits} bits`, async () => {
    await inFolder(async (directory) => {
      using weights = await openWeights(model);
      await writeBase(weights, await readConfig(model), bits, directory);
      await Deno.copyFile(`${model}/config.json`, `${directory}/config.json`);
      const batch = buildMicroBatch(goldens.configs.plain.rows.map(({ ids, labels }) => ({
        ids: Uint32Array.from(ids),
        labelled: Uint8Array.from(labels, (label) => label >= 0 ? 1 : 0),
      })));
      const losses: number[] = [];
      for (const maxBytes of [undefined, 100 * Math.max(8, bits)]) {
        const device = await openDevice();
        const base = await loadBase(device, directory, maxBytes === undefined ? {} : { maxBytes });
        const most = Math.max(...[base.embedding, base.layers[0]!.down_proj].map(({ parts }) => parts.length));
        assert(maxBytes ? most > 2 : most === 1, `${most} parts`);
        const trainer = new LoraTrainer(device, base, {
          lora: { rank: 4, alpha: 8, dropout: 0, targets: ["q_proj"] },
          tokens: batch.tokenCount,
          seed: 1,
          optimizer: { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0 },
          maxGradientNorm: 1,
        });
        losses.push(await trainer.evaluate([batch], { adapter: false }));
        trainer.close();
        device.close();
      }
      assertEquals(losses[1], losses[0]);
    });
  });
}

/** Bytes that this process has read so far, where the system tells. */
function bytesRead(): number | undefined {
  if (Deno.build.os !== "linux") return undefined;
  return Number(Deno.readTextFileSync("/proc/self/io").match(/rchar: (\d+)/)?.[1]);
}

Deno.test("loadBase() verifies the file while it loads it: no byte is read twice, and a flipped bit is found", async () => {
  await inFolder(async (directory) => {
    using weights = await openWeights(model);
    await writeBase(weights, await readConfig(model), 8, directory);
    await Deno.copyFile(`${model}/config.json`, `${directory}/config.json`);
    const path = `${directory}/base.safetensors`;
    const content = await Deno.readFile(path);
    const sha256 = createHash("sha256").update(content).digest("hex");
    const device = await openDevice();
    await loadBase(device, directory); // whatever is read once for the process
    // The system counts for the whole process, in which other tests read too: of many loads one is undisturbed.
    const cost = async () => {
      const before = bytesRead();
      await loadBase(device, directory, { sha256 });
      return before === undefined ? 0 : bytesRead()! - before;
    };
    let least = await cost();
    for (let time = 0; time < 100 && least >= 1.9 * content.length; time++) least = Math.min(least, await cost());
    assert(least < 1.9 * content.length, `${least} bytes read of ${content.length}`);
    for (const at of [content.length - 1, content.length >> 1]) {
      const flipped = content.slice();
      flipped[at]! ^= 1;
      await Deno.writeFile(path, flipped);
      await assertRejects(() => loadBase(device, directory, { sha256 }), DamagedFileError, path);
    }
    device.close();
  });
});
