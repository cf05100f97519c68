import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { buildMicroBatch } from "../../../datasets/packing.ts";
import { openDevice } from "../../../kernels/device.ts";
import { Stream } from "../../../kernels/stream.ts";
import { download, firstRows, upload } from "../../../kernels/tensor.ts";
import { answer } from "../../../models/generation/answer.ts";
import { type BaseWeights, loadBase, writeBase } from "../../../models/base_file.ts";
import { uploadBatch } from "../../../models/batch.ts";
import { readAdapter } from "../../../models/formats/adapter.ts";
import { readConfig } from "../../../models/formats/config.ts";
import { openWeights } from "../../../models/formats/weights.ts";
import { Generator } from "../../../models/generation/generator.ts";
import { Lora, paddedRank } from "../../../models/lora.ts";
import { forward, headForward } from "../../../models/pass.ts";
import { argmax } from "../../../models/generation/sampling.ts";
import { loadTokenizer } from "../../../models/tokenizer.ts";
import { createWorkspace } from "../../../models/workspace.ts";
import type { Device } from "../../../kernels/device.ts";
import type { WeightBits } from "../../../kernels/weight.ts";

const goldens = new URL("../goldens/", import.meta.url).pathname;
const stories = new URL("../../../../shared/data/tinystories-260k", import.meta.url).pathname;
const hasStories = await Deno.stat(stories).then(() => true, () => false);
const onlyWithStories = { ignore: !hasStories };
const skipped = hasStories ? "" : " (skipped: the model ../shared/data/tinystories-260k is not there)";

async function load(device: Device, model: string, bits: WeightBits): Promise<BaseWeights> {
  const directory = await Deno.makeTempDir();
  try {
    using weights = await openWeights(model);
    await writeBase(weights, await readConfig(model), bits, directory);
    await Deno.copyFile(`${model}/config.json`, `${directory}/config.json`);
    return await loadBase(device, directory);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

const greedy = { temperature: 0, topP: 1, topK: 0, seed: 0, stopIds: [] };

/** Greedy ids by running the whole text anew for each token, without a cache. */
async function slowGreedy(
  device: Device,
  base: BaseWeights,
  lora: Lora,
  prompt: number[],
  count: number,
): Promise<number[]> {
  const stream = new Stream(device);
  const space = createWorkspace(device, base.config, {
    tokens: 64,
    headRows: 64,
    rank: paddedRank(lora.settings),
  });
  const ids = [...prompt];
  for (let i = 0; i < count; i++) {
    const batch = buildMicroBatch([{ ids: Uint32Array.from(ids), labelled: new Uint8Array(ids.length) }]);
    const pass = { stream, base, lora, space, batch: uploadBatch(space, base.config, batch, device) };
    upload(device, space.batch.rows, Uint32Array.of(ids.length - 1));
    forward(pass);
    const logits = headForward(pass, firstRows(space.batch.rows, 1));
    stream.flush();
    const [values] = await download(device, logits);
    ids.push(argmax(values!.subarray(0, base.config.vocabularySize)));
  }
  stream.close();
  space.close();
  return ids.slice(prompt.length);
}

for (const name of ["plain", "grouped", "qwen2", "qwen3"]) {
  Deno.test(`Generator with its cache gives the ids of a full forward pass, configuration ${name} with an adapter`, async () => {
    const device = await openDevice();
    const base = await load(device, `${goldens}${name}`, 32);
    const adapter = await readAdapter(`${goldens}${name}/all`);
    const lora = new Lora(device, base.config, adapter, false);
    lora.load(adapter);
    const prompt = [1, 12, 32, 27, 22, 3, 53];
    const wanted = await slowGreedy(device, base, lora, prompt, 8);
    const generator = new Generator(device, base, 32, lora);
    for (const round of ["first", "second"]) {
      const found: number[] = [];
      for await (const id of generator.generate(prompt, { ...greedy, maxNewTokens: 8 })) found.push(id);
      assertEquals(found, wanted, `${round} use of the cache`);
    }
    const stopped: number[] = [];
    for await (const id of generator.generate(prompt, { ...greedy, maxNewTokens: 8, stopIds: [wanted[2]!] })) {
      stopped.push(id);
    }
    assertEquals(stopped, wanted.slice(0, wanted.indexOf(wanted[2]!)));
    await assertRejects(
      () => generator.generate(Array(32).fill(1), { ...greedy, maxNewTokens: 1 }).next(),
      RangeError,
      "31",
    );
    assertThrows(() => new Generator(device, base, 1e6), RangeError, "positions");
    generator.close();
    lora.close();
    device.close();
  });
}

Deno.test(`a real pre-trained model continues its story word for word${skipped}`, onlyWithStories, async () => {
  const device = await openDevice();
  const base = await load(device, stories, 32);
  using tokenizer = await loadTokenizer(stories);
  const generator = new Generator(device, base, 160);
  const { stopIds: _, ...options } = greedy;
  const text = await answer(generator, tokenizer, "", { ...options, maxNewTokens: 90 });
  const wanted =
    "Once upon a time, there was a little girl named Lily. She loved to play outside in the park. One day, she saw " +
    "a big, red ball. She wanted to play with it, but it was too high.";
  assertEquals(text.slice(0, wanted.length), wanted);
  generator.close();
  device.close();
});
