import { assert, assertEquals, assertThrows } from "@std/assert";
import { readAdapter } from "../../../models/formats/adapter/adapter.ts";
import { type ScorePair, Scorer } from "../../../models/generation/scorer.ts";
import { Lora } from "../../../models/training/lora.ts";
import { goldenFolder, goldenNames, openGoldenBase } from "../golden_base.ts";
import goldens from "../goldens/goldens.json" with { type: "json" };
import { openSafetensors } from "../../../models/formats/safetensors/safetensors.ts";

/** log softmax of a row of logits, in float64. */
function logSoftmax(logits: Float32Array): Float64Array {
  const most = Math.max(...logits);
  const total = Math.log(logits.reduce((sum, value) => sum + Math.exp(value - most), 0)) + most;
  return Float64Array.from(logits, (value) => value - total);
}

for (const name of goldenNames) {
  Deno.test(`score() gives transformers' log-likelihoods with an adapter and without, network ${name}`, async () => {
    const { device, base, config } = await openGoldenBase(name, 32);
    const scorer = new Scorer(device, base);
    const folder = `${goldenFolder}${name}`;
    const adapter = await readAdapter(`${folder}/all`);
    const lora = new Lora(device, config, adapter, false);
    lora.load(adapter);
    const rows = goldens.configs[name].rows.map(({ ids }) => ids);
    const pairs = rows.map((ids, i): ScorePair => ({ context: ids.slice(0, i + 1), continuation: ids.slice(i + 1) }));
    for (const [path, given] of [[folder, undefined], [`${folder}/all`, lora]] as const) {
      using results = await openSafetensors(`${path}/results.safetensors`);
      const scores = await scorer.score(pairs, given);
      for (const [r, { logprobs, greedy }] of scores.entries()) {
        const logits = await results.readFloat32(`logits.${r}`);
        const V = config.vocabularySize;
        const { context, continuation } = pairs[r]!;
        const wanted = continuation.map((id, i) => {
          const row = logits.subarray((context.length - 1 + i) * V, (context.length + i) * V);
          return { logprob: logSoftmax(row)[id]!, best: Math.max(...row) === row[id] };
        });
        wanted.forEach(({ logprob }, i) => assert(Math.abs(logprobs[i]! - logprob) < 1e-4, `row ${r}, token ${i}`));
        assertEquals(greedy, wanted.every(({ best }) => best));
      }
    }
    scorer.close();
    lora.close();
    device.close();
  });
}

Deno.test("score() computes answers of one token together, in batches of any size, and knows the likeliest", async () => {
  const { device, base, config } = await openGoldenBase("plain", 32);
  const scorer = new Scorer(device, base);
  const context = [1, 12, 30, 44];
  const everyId = Array.from({ length: config.vocabularySize }, (_, id) => ({ context, continuation: [id] }));
  const scores = await scorer.score(everyId);
  const total = scores.reduce((sum, { logprobs }) => sum + Math.exp(logprobs[0]!), 0);
  assert(Math.abs(total - 1) < 1e-5, `probabilities sum to ${total}`);
  const best = scores.reduce((best, { logprobs }, id) => logprobs[0]! > scores[best]!.logprobs[0]! ? id : best, 0);
  assertEquals(scores.flatMap(({ greedy }, id) => greedy ? [id] : []), [best]);

  // More tokens, and more targets, than one batch has: each as if it were alone.
  const long = Array.from({ length: 60 }, (_, i) => 3 + i * 7 % 50);
  const many = [
    { context: [1], continuation: [] },
    ...Array.from({ length: 20 }, (_, i) => ({ context: long.slice(i), continuation: [best, i] })),
    ...Array.from({ length: 18 }, () => everyId).flat(),
  ];
  const together = await scorer.score(many);
  assertEquals(together[0], { logprobs: new Float64Array(), greedy: true });
  for (const at of [1, 2, 11, 20, 21, many.length - 1]) {
    const [alone] = await scorer.score([many[at]!]);
    assertEquals(together[at], alone, `pair ${at}`);
  }
  scorer.close();
  device.close();
});

Deno.test("score() takes no more memory for more calls, and refuses what has no answer", async () => {
  const { device, base } = await openGoldenBase("plain", 32);
  const pair = { context: [1, 3], continuation: [5] };
  const first = new Scorer(device, base);
  await first.score([pair]);
  first.close();
  const before = device.allocated;
  const scorer = new Scorer(device, base);
  await scorer.score([pair]);
  const taken = device.allocated;
  await Promise.all(Array.from({ length: 5 }, () => scorer.score([pair, pair])));
  assertEquals(device.allocated, taken);
  assertThrows(() => scorer.score([{ context: [], continuation: [5] }]), RangeError, "no id to begin with");
  assertThrows(() => scorer.score([{ context: [1], continuation: [61] }]), RangeError, "vocabulary of 61");
  assertThrows(() => scorer.score([{ context: Array(64).fill(3), continuation: [5, 6] }]), RangeError, "64 positions");
  scorer.close();
  assertEquals(device.allocated, before);
  device.close();
});
