import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { readAdapter } from "../../../models/formats/adapter/adapter.ts";
import type { DecodeRun, RunRow, SampleResult, SampleSettings } from "../../../models/generation/decode_run.ts";
import { Decoder } from "../../../models/generation/decoder.ts";
import { argmax } from "../../../models/generation/sampling.ts";
import { Lora } from "../../../models/training/lora.ts";
import goldens from "../goldens/goldens.json" with { type: "json" };
import { goldenFolder, openGoldenBase } from "../golden_base.ts";

const greedy: SampleSettings = { penalty: 1, temperature: 0, topP: 1, minP: 0, topK: 0, maskedSteps: 0, tops: 0 };

/** Sequences of several lengths in slots of their own, each waiting with its last id. */
async function prepare(
  decoder: Decoder,
  prompts: readonly number[][],
  sampling: SampleSettings,
  lora?: Lora,
): Promise<RunRow[]> {
  for (const [slot, ids] of prompts.entries()) await decoder.extend(slot, ids.slice(0, -1), 0, lora);
  return prompts.map((ids, slot) => {
    const draw = (n: number) => (slot * 31 + n * 17) % 97 / 97;
    return { slot, used: ids.length - 1, id: ids.at(-1)!, sampling, seen: ids, draw };
  });
}

/** The tokens of a run in blocks of these sizes: a list for each row. */
async function drain(run: DecodeRun, blocks: readonly number[]): Promise<SampleResult[][]> {
  const steps: SampleResult[][] = [];
  for (const size of [...blocks, 0]) steps.push(...await run.next(size));
  return steps[0]!.map((_, row) => steps.map((results) => results[row]!));
}

const prompts = goldens.configs.grouped.rows.map(({ ids }) => ids.slice(0, 9 + ids.length % 3)).slice(0, 3);

async function openDecoder(slots = 4) {
  const { device, base, config } = await openGoldenBase("grouped", 32);
  const decoder = new Decoder(device, base, { slots, positions: 40 });
  const options = { stopIds: config.eosIds, vocabularySize: config.vocabularySize };
  const close = () => {
    decoder.close();
    device.close();
  };
  return { device, config, decoder, options, close };
}

Deno.test("a run gives the most likely tokens that single steps give, however it is cut into blocks, with an adapter", async () => {
  const { device, config, decoder, options, close } = await openDecoder();
  const adapter = await readAdapter(`${goldenFolder}grouped/all`);
  const lora = new Lora(device, config, adapter, false);
  lora.load(adapter);
  const rows = await prepare(decoder, prompts, greedy, lora);
  const wanted = rows.map((): number[] => []);
  let next = rows.map(({ slot, used, id }) => ({ slot, used, id }));
  for (let i = 0; i < 11; i++) {
    const logits = await decoder.step(next, lora);
    next = next.map(({ slot, used }, row) => ({ slot, used: used + 1, id: argmax(logits[row]!) }));
    next.forEach(({ id }, row) => wanted[row]!.push(id));
  }
  for (const blocks of [[8, 3], [1, 1, 8, 1]]) {
    const found = await drain(decoder.run(await prepare(decoder, prompts, greedy, lora), options, lora), blocks);
    assertEquals(found.map((row) => row.map(({ id }) => id)), wanted);
  }
  decoder.forget();
  lora.close();
  close();
});

Deno.test("a row of a run gives the same tokens and probabilities to the bit alone and among others", async () => {
  const { decoder, options, close } = await openDecoder();
  const sampling = { ...greedy, penalty: 1.3, temperature: 0.9, topK: 30, topP: 0.9, tops: 3 };
  const rows = () => prepare(decoder, prompts, sampling);
  const together = await drain(decoder.run(await rows(), options), [4, 8]);
  const [alone] = await drain(decoder.run([(await rows())[1]!], options), [8, 4]);
  assertEquals(alone, together[1]);
  assert(new Set(together.map((row) => row.map(({ id }) => id).join())).size === 3);
  close();
});

Deno.test("a prompt may be added to another slot while a run goes on", async () => {
  const { decoder, options, close } = await openDecoder();
  const wanted = await drain(decoder.run(await prepare(decoder, prompts, greedy), options), [4, 4, 4]);
  const run = decoder.run(await prepare(decoder, prompts, greedy), options);
  const steps = await run.next(4);
  const waiting = run.next(4);
  await decoder.extend(3, prompts[0]!, 0);
  steps.push(...await waiting);
  await decoder.extend(3, prompts[1]!, 0);
  for (const size of [4, 0]) steps.push(...await run.next(size));
  assertEquals(
    wanted.map((row) => row.map(({ id }) => id).join()),
    wanted.map((_, i) => steps.map((s) => s[i]!.id).join()),
  );
  close();
});

Deno.test("a row does not end before the masked steps are over, whatever the blocks", async () => {
  const { decoder, options, close } = await openDecoder();
  const free = await drain(decoder.run(await prepare(decoder, prompts, greedy), options), [8, 1]);
  // Whatever came is declared to end the answer.
  const stopIds = free.flatMap((row) => row.map(({ id }) => id));
  for (const maskedSteps of [3, 6]) {
    const idsOf = async (blocks: readonly number[]) => {
      const rows = await prepare(decoder, prompts, { ...greedy, maskedSteps });
      const found = await drain(decoder.run(rows, { ...options, stopIds }), blocks);
      return found.map((row) => row.map(({ id }) => id));
    };
    const found = await idsOf([2, 3, 4]);
    const ends = found.map((row) => row.findIndex((id) => stopIds.includes(id)));
    assert(ends.every((at) => at === -1 || at >= maskedSteps) && ends.some((at) => at >= 0), `ended at ${ends}`);
    assertEquals(await idsOf([8, 1]), found);
  }
  close();
});

Deno.test("a run refuses rows without room, steps beyond a slot's end, and ids that there are not", async () => {
  const { decoder, options, close } = await openDecoder(1);
  const [row] = await prepare(decoder, [prompts[0]!], greedy);
  const run = decoder.run([{ ...row!, used: 37 }], options);
  assertEquals(run.left, 3);
  await run.next(2);
  assertEquals(run.left, 1);
  await assertRejects(() => run.next(2), RangeError, "at most 1");
  await run.next(1);
  await run.next(0);
  assertThrows(() => decoder.run([{ ...row!, used: 40 }], options), RangeError, "40 positions, 41");
  assertThrows(() => decoder.run([{ ...row!, slot: 1 }], options), RangeError, "1 slots, slot 1");
  assertThrows(() => decoder.run([{ ...row!, id: 1e6 }], options), RangeError, "1000000 is outside");
  close();
});
