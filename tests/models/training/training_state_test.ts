// Saving a trainer and restoring another: what follows must be the same to the bit.
import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { buildMicroBatch } from "../../../datasets/tokens/packing.ts";
import { type Device, openDevice } from "../../../kernels/gpu/device.ts";
import { openSafetensors, writeSafetensors } from "../../../models/formats/safetensors/safetensors.ts";
import { FullTrainer } from "../../../models/training/full_trainer.ts";
import { loadModel } from "../../../models/model_folder.ts";
import { LoraTrainer, type StepTrainer } from "../../../models/training/trainer.ts";
import { Random } from "../../kernels/harness.ts";
import { goldenFolder } from "../golden_base.ts";
import { labelledIn, randomRows } from "../reference/inputs.ts";
import { inFolder } from "../temp_folder.ts";

const options = {
  tokens: 64,
  seed: 5,
  lora: { rank: 3, alpha: 6, dropout: 0.3, targets: ["q_proj", "down_proj"] as const },
  optimizer: { beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weightDecay: 0.1 },
  maxGradientNorm: 1,
};
const base = (device: Device) => loadModel(device, `${goldenFolder}grouped`, 3000); // large weights lie in parts

const trainers: Record<string, (device: Device) => Promise<StepTrainer>> = {
  "a LoRA adapter": async (device) => new LoraTrainer(device, await base(device), options),
  "all weights": async (device) => new FullTrainer(device, await base(device), options),
};

/** Steps from … to, of two micro-batches each. */
function take(trainer: StepTrainer, from: number, to: number): void {
  const rows = randomRows(new Random(3), trainer.base.config.vocabularySize, [9, 19, 5, 14, 2, 11]);
  for (let step = from; step < to; step++) {
    const at = (i: number) => rows[(step * 2 + i) % rows.length]!;
    const microBatches = [[at(0), at(1)], [at(2)]];
    for (const list of microBatches) trainer.accumulate(buildMicroBatch(list), labelledIn(microBatches.flat()));
    trainer.step(0.01);
  }
}

for (const [what, create] of Object.entries(trainers)) {
  Deno.test(`a trainer of ${what} that is restored goes on to the same bits as one that never stopped`, () =>
    inFolder(async (folder) => {
      const path = (name: string) => join(folder, `${name}.safetensors`);
      const device = await openDevice();
      const unbroken = await create(device);
      take(unbroken, 0, 3);
      await unbroken.save(path("middle"));
      await unbroken.readMetrics();
      take(unbroken, 3, 6);
      const metrics = await unbroken.readMetrics();
      await unbroken.save(path("end"));

      const other = await create(device);
      take(other, 0, 1); // what it had before must not matter
      await other.readMetrics();
      await other.restore(path("middle"));
      take(other, 3, 6);
      assertEquals(await other.readMetrics(), metrics);
      await other.save(path("other"));
      assertEquals(await Deno.readFile(path("other")), await Deno.readFile(path("end")));
      unbroken.close();
      other.close();
      device.close();
    }));
}

Deno.test("a state of another shape, without counters, or with a number that is not finite is refused", () =>
  inFolder(async (folder) => {
    const path = join(folder, "state.safetensors");
    const device = await openDevice();
    const trainer = new LoraTrainer(device, await base(device), options);
    await trainer.save(path);
    const wider = new LoraTrainer(device, trainer.base, { ...options, lora: { ...options.lora, rank: 7 } });
    await assertRejects(() => wider.restore(path), Error, 'wanted tensor "weight.0.q_proj.A" [8,');
    const more = new LoraTrainer(device, trainer.base, { ...options, lora: { ...options.lora, targets: ["q_proj"] } });
    await assertRejects(() => more.restore(path), Error, "this training has");

    using file = await openSafetensors(path);
    const tensors = [];
    for (const [name, { shape }] of file.tensors) {
      tensors.push({ name, dtype: "F32" as const, shape, data: await file.readBytes(name) });
    }
    const bare = join(folder, "bare.safetensors");
    await writeSafetensors(bare, tensors);
    await assertRejects(() => trainer.restore(bare), Error, 'lacks the counter "steps"');

    const [first] = tensors;
    assert(first);
    new Float32Array(first.data.buffer)[2] = NaN;
    await writeSafetensors(bare, tensors, file.metadata);
    await trainer.restore(bare);
    await assertRejects(() => trainer.save(path), Error, `cannot keep "${first.name}": value 2 is NaN`);
    for (const each of [trainer, wider, more]) each.close();
    device.close();
  }));
