import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { readAdapter } from "../../../models/formats/adapter/adapter.ts";
import { chunkTokens, Decoder, slotBytes, stepBytes } from "../../../models/generation/decoder.ts";
import { Lora } from "../../../models/training/lora.ts";
import { largestDifference, logitsOf } from "../logits.ts";
import { goldenFolder, goldenNames, openGoldenBase } from "../golden_base.ts";
import goldens from "../goldens/goldens.json" with { type: "json" };

const tolerance = 2e-5;

/** The last row of logits (T, V). */
const lastRow = (logits: Float32Array, vocabulary: number) => logits.slice(-vocabulary);

for (const name of goldenNames) {
  Deno.test(`Decoder gives the logits of a full forward pass, slots of several lengths side by side, network ${name}`, async () => {
    const { device, base, config } = await openGoldenBase(name, 32);
    const decoder = new Decoder(device, base, { slots: 3, positions: 40 });
    const rows = goldens.configs[name].rows.map(({ ids }) => ids).slice(0, 3);
    const wanted = async (ids: readonly number[]) =>
      lastRow(await logitsOf(`${goldenFolder}${name}`, ids), config.vocabularySize);
    for (const [slot, ids] of rows.entries()) {
      const found = await decoder.prefill(slot, ids.slice(0, -2), 0);
      assert(largestDifference(found, await wanted(ids.slice(0, -2))) < tolerance, `prompt ${slot}`);
    }
    for (const left of [2, 1]) {
      const step = rows.map((ids, slot) => ({ slot, used: ids.length - left, id: ids.at(-left)! })).toReversed();
      for (const [i, logits] of (await decoder.step(step)).entries()) {
        const ids = rows[step[i]!.slot]!;
        const end = left === 1 ? ids.length : -1;
        assert(largestDifference(logits, await wanted(ids.slice(0, end))) < tolerance, `row ${i}, ${left} left`);
      }
    }
    decoder.close();
    device.close();
  });
}

Deno.test("Decoder with a cache of float16 is near a full forward pass, in half the memory", async () => {
  const { device, base, config } = await openGoldenBase("grouped", 32);
  const decoder = new Decoder(device, base, { slots: 2, positions: 40, cacheBits: 16 });
  const { ids } = goldens.configs.grouped.rows[0]!;
  const wanted = lastRow(await logitsOf(`${goldenFolder}grouped`, ids), config.vocabularySize);
  const off = largestDifference(await decoder.prefill(1, ids, 0), wanted);
  assert(off > 0 && off < 5e-3, `off by ${off}`);
  await decoder.extend(0, ids.slice(0, -1), 0);
  const [stepped] = await decoder.step([{ slot: 0, used: ids.length - 1, id: ids.at(-1)! }]);
  assert(largestDifference(stepped!, wanted) < 5e-3);
  decoder.copySlot(0, 1, ids.length - 1);
  const [copied] = await decoder.step([{ slot: 1, used: ids.length - 1, id: ids.at(-1)! }]);
  assertEquals(copied, stepped);
  assertEquals(slotBytes(config, 40, 16), slotBytes(config, 40, 32) / 2);
  decoder.close();
  device.close();
});

Deno.test("Decoder takes adapters of several ranks in turn, and none", async () => {
  const { device, base, config } = await openGoldenBase("grouped", 32);
  const folder = `${goldenFolder}grouped`;
  const ids = goldens.configs.grouped.rows[0]!.ids;
  const decoder = new Decoder(device, base, { slots: 2, positions: 20 });
  const adapter = await readAdapter(`${folder}/all`);
  const other = { ...adapter, rank: 7, alpha: adapter.alpha * 7 / adapter.rank };
  // Rows of zeros change nothing but the rank.
  const widened = {
    ...other,
    tensors: adapter.tensors.map((tensor) => ({
      ...tensor,
      a: Float32Array.from({ length: 7 * tensor.inFeatures }, (_, i) => tensor.a[i] ?? 0),
      b: Float32Array.from(
        { length: 7 * tensor.outFeatures },
        (_, i) => i % 7 < adapter.rank ? tensor.b[Math.floor(i / 7) * adapter.rank + i % 7]! : 0,
      ),
    })),
  };
  for (const each of [undefined, adapter, widened, adapter, undefined]) {
    const lora = each && new Lora(device, config, each, false);
    if (each) lora?.load(each);
    const found = await decoder.prefill(1, ids, 0, lora);
    const wanted = lastRow(await logitsOf(folder, ids, each && adapter), config.vocabularySize);
    assert(largestDifference(found, wanted) < tolerance, `rank ${each?.rank}`);
    const [stepped] = await decoder.step([{ slot: 1, used: ids.length - 1, id: ids.at(-1)! }], lora);
    assert(largestDifference(stepped!, wanted) < tolerance, `a step, rank ${each?.rank}`);
    decoder.forget();
    lora?.close();
  }
  decoder.close();
  device.close();
});

Deno.test("copySlot() makes a slot go on as another, and the other stays as it was", async () => {
  const { device, base } = await openGoldenBase("plain", 32);
  const decoder = new Decoder(device, base, { slots: 3, positions: 20 });
  await decoder.prefill(2, [1, 5, 9, 13], 0);
  await decoder.prefill(0, [1, 40, 41, 42], 0);
  decoder.copySlot(2, 0, 3);
  const [copied] = await decoder.step([{ slot: 0, used: 3, id: 13 }]);
  const [original] = await decoder.step([{ slot: 2, used: 3, id: 13 }]);
  assertEquals(copied, original);
  const [other] = await decoder.step([{ slot: 0, used: 3, id: 14 }]);
  assert(largestDifference(copied!, other!) > 0.01);
  const [again] = await decoder.step([{ slot: 2, used: 3, id: 13 }]);
  assertEquals(again, original);
  decoder.close();
  device.close();
});

Deno.test("a prompt longer than a chunk gives the bits of one that comes piece by piece", async () => {
  const { device, base, config } = await openGoldenBase("plain", 32);
  const longer = { ...base, config: { ...config, maxPositions: 2 * chunkTokens + 20 } };
  const decoder = new Decoder(device, longer, { slots: 2, positions: 2 * chunkTokens + 20 });
  const ids = Array.from({ length: 2 * chunkTokens + 7 }, (_, i) => 3 + i * i % 50);
  const whole = await decoder.prefill(0, ids, 0);
  await decoder.extend(1, ids.slice(0, 70), 0);
  const pieces = await decoder.prefill(1, ids.slice(70), 70);
  assertEquals(pieces, whole);
  decoder.close();
  device.close();
});

Deno.test("Decoder takes the memory of its slots and no more, and refuses what does not fit", async () => {
  const { device, base, config } = await openGoldenBase("plain", 32);
  const before = device.allocated;
  const [one, three] = [1, 3].map((slots) => {
    const decoder = new Decoder(device, base, { slots, positions: 20 });
    const taken = device.allocated - before;
    decoder.close();
    assertEquals(device.allocated, before);
    return taken;
  });
  assertEquals(three! - one!, 2 * (slotBytes(config, 20) + stepBytes(device, config, 20)));
  assertThrows(() => new Decoder(device, base, { slots: 1, positions: 65 }), RangeError, "64 positions, 65");
  const decoder = new Decoder(device, base, { slots: 1, positions: 20 });
  await assertRejects(() => decoder.step([{ slot: 0, used: 20, id: 3 }]), RangeError, "20 positions, 21");
  decoder.close();
  device.close();
});
