// llama.cpp itself, on files of ours. README.md says how to have it run.
import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { readAdapter } from "../../models/formats/adapter/adapter.ts";
import { readConfig } from "../../models/formats/config.ts";
import { writeRandomModel } from "../../models/init_model.ts";
import { loadTokenizer } from "../../models/tokenizer/tokenizer.ts";
import { goldenFolder, goldenNames } from "../models/golden_base.ts";
import { LLAMA_JSON, SAMPLE_TEXTS, sentencePieceModel } from "../models/sample_tokenizers.ts";
import { inFolder } from "../models/temp_folder.ts";
import { digestOf, noteProof, provenAdapter, provenCount, provenGguf, provenPrompt } from "./proven.ts";
import { exportTo, greedy, hasStories, splitTokenizer, stories, waveAdapter } from "./samples.ts";
import { llamaCpp, withLlamaCpp } from "./tools.ts";

const count = 40;
const texts = [
  ...SAMPLE_TEXTS,
  "Lily's 3 cats  ran\n\tto 2024, 你好！ 🐇 naïve",
  " leading",
  "</s> and <s> in text",
  "㐀𠀀",
];

function withStories(name: string): { name: string; ignore: boolean } {
  const test = withLlamaCpp(name);
  return hasStories ? test : {
    name: `${name} (skipped: ../shared/data/tinystories-260k is absent)`,
    ignore: true,
  };
}

for (const type of ["f32", "f16", "bf16", "q8_0"] as const) {
  Deno.test({
    ...withStories(
      `llama.cpp gives a real model's GGUF as ${type} the same ${count} greedy tokens`,
    ),
    fn: () =>
      inFolder(async (directory) => {
        const model = await exportTo(directory, { model: stories, type });
        const { tokens } = await llamaCpp({ model, prompt: [1], count });
        assertEquals(tokens, await greedy(stories, [1], count));
      }),
  });
}

Deno.test({
  ...withStories(
    "llama.cpp gives a merged GGUF, and the base with the adapter as GGUF LoRA, our greedy tokens",
  ),
  fn: () =>
    inFolder(async (directory) => {
      const adapter = await waveAdapter(stories, directory);
      const ours = await greedy(
        stories,
        [1],
        count,
        await readAdapter(adapter),
      );
      assert(
        String(ours) !== String(await greedy(stories, [1], count)),
        "the adapter changes nothing",
      );
      const merged = await exportTo(directory, { model: stories, adapter });
      assertEquals(
        (await llamaCpp({ model: merged, prompt: [1], count })).tokens,
        ours,
        "merged",
      );
      const base = await exportTo(directory, { model: stories });
      const lora = await exportTo(directory, {
        to: "gguf-lora",
        model: stories,
        adapter,
      });
      assertEquals(
        (await llamaCpp({ model: base, lora, prompt: [1], count })).tokens,
        ours,
        "GGUF LoRA",
      );
    }),
});

for (const name of goldenNames) {
  Deno.test({
    ...withLlamaCpp(
      `llama.cpp gives a merged GGUF our ${provenCount} greedy tokens, configuration ${name}`,
    ),
    fn: () =>
      inFolder(async (directory) => {
        const { model, file } = await provenGguf(name, directory);
        const { tokens } = await llamaCpp({
          model: file,
          prompt: provenPrompt,
          count: provenCount,
        });
        const ours = await greedy(
          model,
          provenPrompt,
          provenCount,
          await readAdapter(provenAdapter(name)),
        );
        assertEquals(tokens, ours);
        await noteProof(`${name}.gguf`, {
          sha256: await digestOf(file),
          tokens,
        });
      }),
  });
}

const tokenizers: Record<string, (directory: string) => Promise<void>> = {
  "SentencePiece, from tokenizer.json": () => Promise.resolve(),
  "SentencePiece, from tokenizer.model": async (directory) => {
    await Deno.remove(join(directory, "tokenizer.json"));
    await Deno.writeFile(
      join(directory, "tokenizer.model"),
      sentencePieceModel(),
    );
  },
  "byte-level, split as LLaMA 3 does": (directory) =>
    Deno.writeTextFile(
      join(directory, "tokenizer.json"),
      splitTokenizer("{1,3}"),
    ),
  "byte-level, split as Qwen 2 does": (directory) =>
    Deno.writeTextFile(join(directory, "tokenizer.json"), splitTokenizer("")),
};

for (const [kind, change] of Object.entries(tokenizers)) {
  Deno.test({
    ...withLlamaCpp(`llama.cpp splits text into our ids: ${kind}`),
    fn: () =>
      inFolder(async (directory) => {
        const model = join(directory, "model");
        const config = {
          ...await readConfig(`${goldenFolder}grouped`),
          vocabularySize: 512,
        };
        await writeRandomModel(model, {
          seed: 1,
          config,
          tokenizerJson: LLAMA_JSON,
        });
        await Deno.remove(join(model, "tokenizer_config.json"));
        await change(model);
        using tokenizer = await loadTokenizer(model);
        const file = await exportTo(directory, { model });
        const { encoded } = await llamaCpp({
          model: file,
          prompt: [tokenizer.bosId],
          count: 1,
          texts,
        });
        for (const [i, text] of texts.entries()) {
          assertEquals(encoded[i], [...tokenizer.encode(text)], text);
        }
      }),
  });
}

Deno.test({
  ...withStories("llama.cpp splits text into a real tokenizer's ids"),
  fn: () =>
    inFolder(async (directory) => {
      using tokenizer = await loadTokenizer(stories);
      const model = await exportTo(directory, { model: stories });
      const { encoded } = await llamaCpp({
        model,
        prompt: [1],
        count: 1,
        texts,
      });
      for (const [i, text] of texts.entries()) {
        assertEquals(encoded[i], [...tokenizer.encode(text)], text);
      }
    }),
});
