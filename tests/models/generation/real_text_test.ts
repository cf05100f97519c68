// With real tokenizers: a model that tells stories, and one whose every token is as likely as any other.
import { assert, assertEquals } from "@std/assert";
import { openDevice } from "../../../kernels/gpu/device.ts";
import { TextGenerator } from "../../../models/generation/text_generator.ts";
import type { LlamaConfig } from "../../../models/formats/config.ts";
import { writeRandomModel } from "../../../models/init_model.ts";
import { loadModel } from "../../../models/model_folder.ts";
import { loadTokenizer } from "../../../models/tokenizer/tokenizer.ts";
import { LLAMA_JSON, LLAMA_JSON_SIZE } from "../sample_tokenizers.ts";
import { inFolder } from "../temp_folder.ts";
import { answerOf } from "./generating.ts";

const stories = new URL("../../../../shared/data/tinystories-260k", import.meta.url).pathname;
const hasStories = await Deno.stat(stories).then(() => true, () => false);

async function withGenerator(folder: string, body: (generator: TextGenerator) => Promise<void>): Promise<void> {
  const device = await openDevice();
  using tokenizer = await loadTokenizer(folder);
  const generator = new TextGenerator(device, await loadModel(device, folder), tokenizer, { slots: 4 });
  try {
    await body(generator);
  } finally {
    generator.close();
    device.close();
  }
}

Deno.test({
  name: `a real model continues its story word for word, with and without beams${
    hasStories ? "" : " (skipped: ../shared/data/tinystories-260k is absent)"
  }`,
  ignore: !hasStories,
  fn: () =>
    withGenerator(stories, async (generator) => {
      const prompt = [generator.tokenizer.bosId];
      const [greedy, beams, stopped] = await Promise.all([
        answerOf(generator, { prompt, params: { maxNewTokens: 90 } }),
        answerOf(generator, { prompt, params: { maxNewTokens: 20, beams: 3 } }),
        answerOf(generator, { prompt, params: { maxNewTokens: 90, stop: ["park"] } }),
      ]);
      const wanted =
        "Once upon a time, there was a little girl named Lily. She loved to play outside in the park. One day, she saw " +
        "a big, red ball. She wanted to play with it, but it was too high.";
      assertEquals(greedy.text.slice(0, wanted.length), wanted);
      assert(beams.text.startsWith("Once upon a time, there was a little "), beams.text);
      assertEquals(stopped.text, wanted.slice(0, wanted.indexOf("park")));
    }),
});

Deno.test("a choice among more tokens than the device keeps is made here, and comes out the same", () =>
  inFolder(async (folder) => {
    const config: LlamaConfig = {
      family: "llama",
      ...{ hiddenSize: 32, intermediateSize: 44, layers: 1, heads: 4, keyValueHeads: 2, headSize: 8 },
      ...{ vocabularySize: LLAMA_JSON_SIZE + 3, maxPositions: 64, normEpsilon: 1e-5, ropeTheta: 1e4 },
      ...{ tiedEmbeddings: false, bosId: 1, eosIds: [2] },
    };
    await writeRandomModel(folder, { seed: 5, config, tokenizerJson: LLAMA_JSON });
    await withGenerator(folder, async (generator) => {
      const ask = (seed: number, topK: number) => {
        const params = { doSample: true, temperature: 3, minNewTokens: 12, maxNewTokens: 12, topK, seed };
        return answerOf(generator, { prompt: [1, 40], params });
      };
      const seeds = [1, 2, 3];
      // A bound above the vocabulary cuts nothing, but is known not to suit the device from the start.
      const wanted = await Promise.all(seeds.map((seed) => ask(seed, config.vocabularySize)));
      const found = await Promise.all(seeds.map((seed) => ask(seed, 0)));
      assertEquals(found.map(({ ids }) => ids), wanted.map(({ ids }) => ids));
      const ids = wanted.flatMap((answer) => answer.ids);
      assert(new Set(ids).size > 25, "every token is about as likely as any other");
      assert(ids.every((id) => id < LLAMA_JSON_SIZE), "ids that stand for no text are not chosen");
    });
  }));
