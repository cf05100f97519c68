// An evaluation task of your own: a stage makes questions with known answers of a file of yours, here a list of words.
// 自己的评测任务：用一个步骤把自己的文件（此处为词表）变成有标准答案的题目。
//
//   ./vicuna train && ./vicuna train examples/own_task.ts --lora-path vicuna-output/quickstart
//   ./vicuna train examples/own_task.ts --words words.tsv --base-model owner/name
import {
  adapterFolder,
  defineStage,
  embeddedModelPath,
  evaluate,
  evaluationTask,
  inputFile,
  kind,
  modelNamed,
  pipeline,
  quantize,
  type TaskMeta,
  z,
} from "vicuna";

/** What flows between stages has a kind, so that a list of words cannot be given for a data set. */
const wordList = kind<Record<never, never>>()("word list");

/** Asks for the translation of each word, in both directions. The kinds of items have figures of their own in the report. */
export const translations = defineStage({
  name: "translations",
  module: import.meta.url,
  inputs: { words: wordList },
  params: z.object({ name: z.string().default("translations") }),
  output: evaluationTask,
  async run({ inputs, params, output }): Promise<TaskMeta> {
    const lines = (await Deno.readTextFile(inputs.words.path)).split(/\r?\n/).filter(Boolean);
    const items = lines.flatMap((line, index) => {
      const [chinese, english] = line.split("\t");
      if (!chinese || !english) throw new Error(`line ${index + 1}: wanted a Chinese word, a tab and an English word`);
      return [
        { instruction: `翻译成英语：${chinese}`, input: "", answer: english, kind: "to English" },
        { instruction: `翻译成中文：${english}`, input: "", answer: chinese, kind: "to Chinese" },
      ];
    });
    await Deno.writeTextFile(`${output.dir}/items.jsonl`, items.map((item) => `${JSON.stringify(item)}\n`).join(""));
    return {
      type: "answers",
      name: params.name,
      maxNewTokens: 8,
      ignoreCase: true,
      ignorePunctuation: true,
      metrics: ["exact_match", "chrf"],
    };
  },
});

export default pipeline({
  description: "Asks a base, and an adapter of it, for the translations of a list of words.",
  translations: { zh: { description: "让基座及其适配器翻译词表中的词，并评分。" } },
  options: z.object({
    baseModel: z.string().default(embeddedModelPath).describe("folder of the base model, or owner/name on the hub"),
    loraPath: z.string().optional().describe("folder of an adapter to compare the base with"),
    words: z.string().default(`${import.meta.dirname}/data/words.tsv`).describe("a Chinese and an English word a line"),
  }),
  build({ baseModel, loraPath, words }) {
    const base = quantize({ model: modelNamed(baseModel), bits: 8 });
    const adapter = loraPath === undefined ? undefined : adapterFolder(loraPath);
    const tasks = [translations({ words: inputFile(wordList, words, {}) })];
    return { report: evaluate({ base, adapter, tasks }) };
  },
});
