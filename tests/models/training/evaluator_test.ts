// Losses of single labels against an independent implementation: the logits in the golden files (goldens/README.md).
import { assertAlmostEquals, assertEquals } from "@std/assert";
import { buildMicroBatch } from "../../../datasets/tokens/packing.ts";
import { Evaluator } from "../../../models/training/evaluator.ts";
import { readAdapter } from "../../../models/formats/adapter/adapter.ts";
import { openSafetensors } from "../../../models/formats/safetensors/safetensors.ts";
import { Lora } from "../../../models/training/lora.ts";
import { goldenFolder, goldenRows, openGoldenBase } from "../golden_base.ts";
import goldens from "../goldens/goldens.json" with { type: "json" };

/** −log softmax(logits)[label] in float64. */
function lossOf(logits: Float32Array, label: number): number {
  const most = Math.max(...logits);
  return Math.log(logits.reduce((sum, value) => sum + Math.exp(value - most), 0)) + most - logits[label]!;
}

for (const name of ["plain", "grouped"] as const) {
  Deno.test(`Evaluator gives the loss of each label, with an adapter and without, configuration ${name}`, async () => {
    const { device, base, config } = await openGoldenBase(name, 32);
    const adapter = await readAdapter(`${goldenFolder}${name}/qv`);
    const lora = new Lora(device, config, adapter, false);
    lora.load(adapter);
    const evaluator = new Evaluator(device, base, 64, lora);
    const rows = goldenRows(name);
    for (const variant of ["", "/qv"]) {
      using results = await openSafetensors(`${goldenFolder}${name}${variant}/results.safetensors`);
      const wanted: number[] = [];
      for (const [r, { ids, labelled }] of rows.entries()) {
        const logits = await results.readFloat32(`logits.${r}`);
        for (let t = 1; t < ids.length; t++) {
          const before = logits.subarray((t - 1) * config.vocabularySize, t * config.vocabularySize);
          if (labelled[t] === 1) wanted.push(lossOf(before, ids[t]!));
        }
      }
      const found = await evaluator.evaluate(buildMicroBatch(rows), { adapter: variant !== "" });
      assertEquals(found.length, wanted.length);
      for (const [i, loss] of found.entries()) assertAlmostEquals(loss, wanted[i]!, 1e-4, `label ${i}${variant}`);
      const mean = found.reduce((a, b) => a + b, 0) / found.length;
      const golden = goldens.configs[name];
      assertAlmostEquals(mean, variant === "" ? golden.loss : golden.variants.qv.loss, 1e-4);
    }
    evaluator.close();
    lora.close();
    device.close();
  });
}

Deno.test("Evaluator gives the same losses however many labels the head takes at once", async () => {
  const { device, base } = await openGoldenBase("plain", 32);
  const row = { ids: Uint32Array.from({ length: 30 }, (_, i) => i + 3), labelled: new Uint8Array(30).fill(1) };
  const evaluator = new Evaluator(device, base, 300);
  // 290 labels, where the head takes 128 at a time
  const many = await evaluator.evaluate(buildMicroBatch(Array(10).fill(row)), { adapter: false });
  const one = await evaluator.evaluate(buildMicroBatch([row]), { adapter: false });
  assertEquals(many.length, 290);
  // A row's place in the batch changes last bits only.
  for (const [i, loss] of many.entries()) assertAlmostEquals(loss, one[i % 29]!, 1e-5, `label ${i}`);
  evaluator.close();
  device.close();
});
