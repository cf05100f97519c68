import { assert, assertRejects, assertStringIncludes } from "@std/assert";
import { readPipelineCommand } from "../../../../tasks/cli/pipeline_command.ts";
import { recipeNames } from "../../../../tasks/cli/load_pipeline.ts";
import { UsageError } from "../../../../tasks/cli/usage_error.ts";

const refusal = async (task: "train" | "plan" | "evaluate", args: string, language: "en" | "zh" = "en") =>
  (await assertRejects(() => readPipelineCommand(task, args.split(" "), language), UsageError)).message;

Deno.test("a flag of another recipe is answered with the recipes that have it, and a call of one", async () => {
  const wanted: [Parameters<typeof refusal>, string, string][] = [
    [["train", "--data x.json"], "quickstart has no option --data", "train chinese_vicuna --data …"],
    [["plan", "--data_path x.json chinese_vicuna"], ": chinese_vicuna, evaluate, pretrain,", "plan chinese_vicuna --"],
    [["train", "pretrain_tiny --no-train-on-inputs"], "pretrain_tiny has no", "chinese_vicuna --no-train-on-inputs"],
    [["train", "--judge someone"], "Recipes that have it: evaluate,", "task evaluate --judge …"],
    [["evaluate", "--lora-r 4"], ": chinese_vicuna, quickstart,", "train chinese_vicuna --lora-r …"],
    [["train", "pretrain --hidden-size 8 --bits 4", "zh"], "pretrain 没有选项 --bits", "chinese_vicuna --bits …"],
  ];
  for (const [call, ...said] of wanted) {
    const message = await refusal(...call);
    for (const text of said) assertStringIncludes(message.replaceAll("./vicuna", "deno task"), text);
  }
  assert(!(await refusal("train", "--nonsense 3")).includes("Recipes"));
});

Deno.test("a switch that is on by default says in the help what its --no-… does, in every recipe and both languages", async () => {
  for (const recipe of recipeNames().filter((name) => name !== "evaluate")) {
    for (const [language, said] of [["en", "take the default kernels"], ["zh", "直接使用默认内核"]] as const) {
      const { help } = await readPipelineCommand("train", [recipe, "--help"], language);
      assertStringIncludes(/--no-autotune\s+(.*)/.exec(help ?? "")?.[1] ?? "", said, recipe);
    }
  }
  const { help } = await readPipelineCommand("train", ["pretrain", "--help"], "en");
  assertStringIncludes(/--no-train-on-inputs\s+(.*)/.exec(help ?? "")?.[1] ?? "", "learn the answer alone");
});
