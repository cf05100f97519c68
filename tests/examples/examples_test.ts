// The pipeline files of examples/, with small inputs and one cache between them: each does what its first lines say.
import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "@std/path";
import continueAdapter from "../../examples/continue_adapter.ts";
import fullTraining from "../../examples/full_training.ts";
import ownColumns from "../../examples/own_columns.ts";
import ownStage from "../../examples/own_stage.ts";
import ownTask from "../../examples/own_task.ts";
import { runPipeline } from "../../mod.ts";
import { flagsOf } from "../../tasks/cli/options/flags.ts";
import { alpacaRows, inFolder, repository, writeTinyModel } from "../tasks/children.ts";

const examples = { continueAdapter, fullTraining, ownColumns, ownStage, ownTask };
const files = [...Deno.readDirSync(join(repository, "examples"))].map(({ name }) => name).filter((name) =>
  name.endsWith(".ts")
);

const read = (path: string) => Deno.readTextFileSync(path);
const linesOf = (path: string) => read(path).trimEnd().split("\n");
const writeLines = (path: string, rows: readonly unknown[]) =>
  Deno.writeTextFileSync(path, rows.map((row) => `${JSON.stringify(row)}\n`).join(""));

Deno.test("each example says in English and Chinese what it is for and how it is started, and all its options are flags", () => {
  assertEquals(files.length, Object.keys(examples).length);
  for (const name of files) {
    const header = linesOf(join(repository, "examples", name)).filter((line) => line.startsWith("//")).join("\n");
    assertMatch(header, /^\/\/ [A-Z].+\n\/\/ .*\p{Script=Han}.+。\n\/\/\n/u, name);
    assert(header.includes(`./vicuna train examples/${name}`), `${name} does not say how it is started`);
  }
  for (const { options, description, translations } of Object.values(examples)) {
    assertMatch(translations?.["zh"]?.description ?? "", /\p{Script=Han}/u);
    assert(description);
    for (const { field, description } of flagsOf(options)) assert(description, `${field} is not described`);
  }
});

Deno.test("the examples' own rows, words and instructions are what the examples read", () => {
  const rows = (name: string) =>
    linesOf(join(repository, "examples/data", name)).map((line) => Object.keys(JSON.parse(line)));
  assertEquals(new Set(rows("questions.jsonl").flat()), new Set(["question", "reply"]));
  assertEquals(new Set(rows("instructions.jsonl").flat()), new Set(["instruction", "input", "output"]));
  for (const line of linesOf(join(repository, "examples/data/words.tsv"))) {
    assertMatch(line, /^\p{Script=Han}+\t[a-z]+$/u);
  }
});

Deno.test("the examples train adapters, filter rows, go on, measure, and train a whole model", () =>
  inFolder(async (folder) => {
    const [cacheDir, baseModel] = [join(folder, "cache"), join(folder, "model")];
    await writeTinyModel(baseModel);
    const small = { baseModel, maxTokens: 96, epochs: 0.5 };

    const asked = join(folder, "asked.jsonl");
    writeLines(asked, alpacaRows.map(({ instruction, output }) => ({ prompt: instruction, response: output })));
    const trained = await runPipeline(ownColumns, {
      cacheDir,
      options: { ...small, data: asked, question: "prompt", answer: "response" },
    });
    const adapter = trained.targets.adapter.dir;
    assertEquals(trained.targets.adapter.meta.steps, 2); // half of 18 - 4 rows, 4 a step
    const { meta } = trained.targets.report;
    assert(meta.evalLossBefore! > 0 && meta.evalLossAfter! > 0);

    const instructions = join(folder, "instructions.jsonl");
    const links = alpacaRows.slice(0, 6).map((row) => ({ ...row, output: `See https://example.org/${row.output}` }));
    writeLines(instructions, [...alpacaRows, ...links]);
    const filtered = await runPipeline(ownStage, {
      cacheDir,
      options: { ...small, data: instructions, validation: 4 },
    });
    const { rows } = filtered.targets;
    const kept = ["train", "validation"].flatMap((split) => linesOf(join(rows.dir, `${split}.jsonl`)));
    assertEquals([kept.length, rows.meta.train + rows.meta.validation], [alpacaRows.length, alpacaRows.length]);
    assert(kept.every((line) => !line.includes("https://")));

    // A learning rate that moves no float leaves the adapter that training began with.
    const options = { ...small, data: instructions, loraPath: adapter, learningRate: 1e-30 };
    const same = await runPipeline(continueAdapter, { cacheDir, options });
    const weights = (dir: string) => Deno.readFileSync(join(dir, "adapter_model.safetensors"));
    assertEquals(weights(same.targets.adapter.dir), weights(adapter));

    const words = join(folder, "words.tsv");
    Deno.writeTextFileSync(words, "算\tcount\n是\tis\n");
    const measured = await runPipeline(ownTask, { cacheDir, options: { baseModel, words, loraPath: adapter } });
    const [task] = JSON.parse(read(join(measured.targets.report.dir, "results.json"))).tasks;
    assertEquals([task.name, task.count, task.metrics.map(({ metric }: { metric: string }) => metric)], [
      "translations",
      4,
      [
        "exact_match",
        "chrf",
      ],
    ]);

    const rowsFile = join(folder, "rows.jsonl");
    writeLines(rowsFile, alpacaRows);
    const { targets } = await runPipeline(fullTraining, {
      cacheDir,
      options: {
        ...{ data: [rowsFile], validation: 2, hiddenSize: 32, layers: 1, vocabularySize: 400, maxTokens: 96 },
        maxSteps: 2,
      },
    });
    assertEquals(targets.model.meta.steps, 2);
    const names = [...Deno.readDirSync(targets.model.dir)].map(({ name }) => name);
    for (const name of ["config.json", "model.safetensors", "tokenizer.json"]) assert(names.includes(name), name);
  }));
