import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import { collectGraph } from "../../../pipeline/core/stage/graph.ts";
import type { Pipeline } from "../../../pipeline/core/mod.ts";
import type { TargetsResult } from "../../../pipeline/core/mod.ts";
import chineseVicuna from "../../../pipeline/recipes/chinese_vicuna.ts";
import evaluation from "../../../pipeline/recipes/evaluate.ts";
import pretrain from "../../../pipeline/recipes/pretrain.ts";
import pretrainTiny from "../../../pipeline/recipes/pretrain_tiny.ts";
import quickstart from "../../../pipeline/recipes/quickstart.ts";
import { ModelTracer } from "../../../tasks/cli/next_command.ts";
import { inFolder } from "../children.ts";

/** What would be said after a run of a recipe with some options, of which nothing is computed. */
async function nextOf(recipe: unknown, given: object, dir: string, files: string[] = []): Promise<string | undefined> {
  const { options, build } = recipe as Pipeline;
  const graph = collectGraph(await build(options.parse(given)));
  const tracer = new ModelTracer();
  for (const step of graph.steps) tracer.settled(step);
  const targets = Object.fromEntries(
    [...graph.targets].map(([name, { from }]) => [name, { stage: "name" in from ? from.name : "" }]),
  );
  const all = ["adapter_config.json", "config.json", ...files];
  return tracer.nextCommand({ targets } as unknown as TargetsResult, dir, all)?.replace("./vicuna", "deno task");
}

Deno.test("after each recipe comes the command that talks to its result, with the base as its person named it", () =>
  inFolder(async (folder) => {
    const base = join(folder, "my llama");
    await Deno.mkdir(base);
    const rows = { data: ["rows.json"] };
    const out = join(Deno.cwd(), "vicuna-output/quickstart");
    const cases: [unknown, object, string, string][] = [
      [quickstart, {}, out, "--lora-path vicuna-output/quickstart"],
      [quickstart, { bits: 4 }, Deno.cwd(), "--bits 4 --template alpaca --lora-path ."],
      [
        chineseVicuna,
        { ...rows, baseModel: base },
        join(folder, "out"),
        `--base-model '${base}' --template alpaca --lora-path ${folder}/out`,
      ],
      [
        chineseVicuna,
        { ...rows, baseModel: "some/thing:Q4_0@v2", bits: 32, template: "tokenizer" },
        out,
        "--base-model some/thing:Q4_0@v2 --bits 32 --lora-path vicuna-output/quickstart",
      ],
      [pretrain, {}, out, "--base-model vicuna-output/quickstart --template alpaca"],
      [pretrainTiny, {}, out, "--base-model vicuna-output/quickstart"],
      [evaluation, { ...rows, loraPath: "mine" }, out, "--lora-path mine"],
      [evaluation, { ...rows, baseModel: "some/thing" }, out, "--base-model some/thing --template alpaca"],
    ];
    for (const [recipe, given, dir, said] of cases) {
      assertEquals(await nextOf(recipe, given, dir), `deno task chat ${said}`);
    }
  }));
