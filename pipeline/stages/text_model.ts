import { join } from "@std/path";
import { configRecord } from "../../models/formats/config_record.ts";
import { buildWordTokenizer } from "../../models/formats/tokenizer/word_tokenizer.ts";
import { writeRandomModel } from "../../models/init_model.ts";
import { defineStage, type Stage } from "../core/mod.ts";
import { modelFiles, text } from "./kinds.ts";
import { configOf, nameOf, type RandomModelParams, randomModelParams } from "./models.ts";

/**
 * Makes a small untrained LLaMA folder from a seed, with a tokenizer of whole words built for a text
 * (models/formats/tokenizer/word_tokenizer.ts): what {@link trainFull} begins with.
 */
export const textModel: Stage<{ readonly text: typeof text }, RandomModelParams, typeof modelFiles> = defineStage({
  name: "text_model",
  version: 1,
  inputs: { text },
  params: randomModelParams,
  output: modelFiles,
  foresee: ({ params }) => ({ meta: { name: nameOf(params), config: configRecord(configOf(params)) } }),
  async run({ inputs, params, output }) {
    const read = (name: string) => Deno.readTextFile(join(inputs.text.dir, name));
    const vocabulary = await read("vocabulary.txt");
    const tokenizerJson = buildWordTokenizer({
      // Twice, for what occurs only once gets no piece.
      texts: [await read("train.txt"), vocabulary, vocabulary],
      size: params.vocabularySize,
      words: (await read("words.txt")).split("\n").filter(Boolean),
      spaced: (await read("spaced.txt")).split("\n").filter(Boolean),
    });
    const { seed, initializerRange } = params;
    await writeRandomModel(output.dir, { seed, config: configOf(params), tokenizerJson, initializerRange });
    return { name: nameOf(params) };
  },
});
