import { isTokenizerFile, writeModelTokenizer } from "../../../models/model_source.ts";
import { loadTokenizer } from "../../../models/tokenizer/tokenizer.ts";
import { defineStage, type InputFile, type Stage, z } from "../../core/mod.ts";
import { modelFiles, tokenizer } from "../kinds.ts";
import { modelPath } from "../models.ts";

/** The files of a model folder that are its tokenizer. */
export function tokenizerFiles(files: readonly InputFile[]): string[] {
  return files.map(({ path }) => path).filter(isTokenizerFile);
}

/** Takes the tokenizer out of a model folder, for {@link tokenize} where no base is quantised. */
export const tokenizerOf: Stage<{ readonly model: typeof modelFiles }, object, typeof tokenizer> = defineStage({
  name: "tokenizer_of",
  version: 3,
  inputs: { model: modelFiles },
  params: z.object({}),
  output: tokenizer,
  async run({ inputs: { model }, output }) {
    using loaded = await loadTokenizer(await writeModelTokenizer(modelPath(model.dir, model.meta), output.dir));
    return { vocabSize: loaded.vocabularySize };
  },
});
