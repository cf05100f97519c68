import { buildTokenizer } from "../../../../models/formats/tokenizer/tokenizer_builder.ts";
import { writeRandomModel } from "../../../../models/init_model.ts";
import { tinyConfig } from "../../../tasks/children.ts";

/** Longest sequence of {@linkcode harnessModel}'s model: shorter than one of the golden prompts. */
export const harnessPositions = 700;

/** Writes an untrained model whose likelihoods of the golden questions lm-evaluation-harness was asked for. */
export async function harnessModel(directory: string): Promise<void> {
  await writeRandomModel(directory, {
    seed: 11,
    config: { ...tinyConfig, maxPositions: harnessPositions },
    tokenizerJson: buildTokenizer(["以下是关于的单项选择题，请选出其中的正确答案。\nA. B. C. D.\n答案： A B C D"], 420),
    initializerRange: 0.3,
  });
}
