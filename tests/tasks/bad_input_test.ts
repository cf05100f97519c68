// Inputs that people get wrong, through the tasks: refused with what was wanted and found, and without a stack.
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { configToJson } from "../../models/formats/config.ts";
import { llamaTensors } from "../../models/formats/llama_tensors.ts";
import { openSafetensors, type TensorEntry, writeSafetensors } from "../../models/formats/safetensors/safetensors.ts";
import type { PipelineEvent } from "../../mod.ts";
import { isUserFacing } from "../../pipeline/core/errors.ts";
import { runPipelineTask } from "../../tasks/cli/run_pipeline.ts";
import {
  alpacaRows,
  belleRows,
  inFolder,
  type Outcome,
  publishedIn,
  quickTraining,
  runTask,
  tinyConfig,
  tinyPositions,
  writeInputs,
} from "./children.ts";

/** Checks that a task failed with one message that holds all of these texts, and printed no stack. */
function assertRefused({ code, stderr }: Outcome, ...texts: string[]): void {
  assertEquals(code, 1, stderr);
  for (const text of texts) assertStringIncludes(stderr, text);
  assert(!stderr.includes("    at "), `a stack was printed:\n${stderr}`);
  assertEquals(stderr.match(/^error: /gm)?.length, 1, stderr);
  assert(stderr.startsWith("error: "), stderr);
}

/**
 * A test that trains on good inputs of which `spoil` spoils one, as `train` does. The stage `failing` must fail with all of
 * `texts`; neither it nor a result may be published.
 */
function withInputs(
  spoil: (folder: string) => Promise<void>,
  args: readonly string[],
  failing: string,
  ...texts: string[]
): () => Promise<void> {
  return () =>
    inFolder(async (folder) => {
      await writeInputs(folder);
      await spoil(folder);
      const at = (path: string) => join(folder, path);
      const placed = args.map((arg) =>
        /^(model|modle|belle\.jsonl|alpaca\.json)$/.test(arg)
          ? at(arg)
          : arg.replace(/^belle:.*/, `belle:${at("belle.jsonl")}`)
      );
      const { events, error } = await trainHere([...placed, "--cache-dir", at("cache"), "--output-path", at("out")]);
      assert(isUserFacing(error), `${error}`);
      for (const text of texts) assertStringIncludes(error.message, text);
      assertEquals(events.flatMap((event) => event.type === "stage-failed" ? [event.stage] : []), [failing]);
      assert(!(failing in publishedIn(at("cache"))), `${failing} was published`);
      assert(![...Deno.readDirSync(folder)].some(({ name }) => name === "out"), "results were written");
    });
}

/** Runs `train` in this process; gives its events, and the error that it ended with. */
async function trainHere(args: readonly string[]): Promise<{ events: PipelineEvent[]; error: unknown }> {
  const { log } = console;
  const events: PipelineEvent[] = [];
  console.log = (line: string) => void events.push(JSON.parse(line));
  try {
    await runPipelineTask("train", [...args, "--json"], "en", new AbortController().signal);
    return { events, error: undefined };
  } catch (error) {
    return { events, error };
  } finally {
    console.log = log;
  }
}

/** A test that calls `train` with a command line that it must refuse before it computes anything. */
function withArguments(args: readonly string[], ...texts: string[]): () => Promise<void> {
  return () =>
    inFolder(async (folder) => {
      await writeInputs(folder);
      const outcome = await runTask("train", folder, [...args, "--output-path", "out"]);
      assertRefused(outcome, ...texts);
      assert(!outcome.stdout.includes("✗"), outcome.stdout);
      assertEquals(publishedIn(join(folder, ".vicuna")), {});
      assert(![...Deno.readDirSync(folder)].some(({ name }) => name === "out"), "results were written");
    });
}

const nothing = () => Promise.resolve();

/** Writes the BELLE file anew. */
const writeBelle = (text: string) => (folder: string) => Deno.writeTextFile(join(folder, "belle.jsonl"), text);

const good = JSON.stringify(belleRows[0]);

Deno.test(
  "train refuses a data file that is missing",
  withInputs((folder) => Deno.remove(join(folder, "belle.jsonl")), quickTraining, "merge", "belle.jsonl"),
);

Deno.test(
  "train refuses an empty data file",
  withInputs(writeBelle(""), quickTraining, "merge", "belle.jsonl: wanted rows, found an empty file"),
);

Deno.test(
  "train refuses JSON Lines that are cut short, with file and line",
  withInputs(writeBelle(`${good}\n${good}\n${good.slice(0, -9)}`), quickTraining, "merge", "belle.jsonl:3", "JSON"),
);

Deno.test(
  "train refuses JSON Lines without one sound row, with file and line, where the format is to be detected",
  withInputs(
    writeBelle("{bad\n"),
    ["chinese_vicuna", "--base-model", "model", "--data", "belle.jsonl"],
    "merge",
    "belle.jsonl:1",
    "JSON",
  ),
);

Deno.test(
  "train refuses a JSON array that is cut short, with file and line",
  withInputs(
    (folder) =>
      Deno.writeTextFile(join(folder, "alpaca.json"), `[\n${JSON.stringify(alpacaRows[0])},\n{"instruction":`),
    quickTraining,
    "merge",
    "alpaca.json:3",
    "cut short",
  ),
);

Deno.test(
  "train refuses a row with a field of the wrong type, with file, line and field",
  withInputs(
    writeBelle(`${good}\n{"instruction": "算", "input": "", "output": 7}\n`),
    quickTraining,
    "merge",
    "belle.jsonl:2",
    'field "output": wanted a string, found',
  ),
);

Deno.test(
  "train refuses a validation split that is larger than the data",
  withInputs(nothing, [...quickTraining, "--validation", "36"], "merge", "validation", "36"),
);

Deno.test(
  "train refuses a tokenizer with more ids than the weights have rows",
  withInputs(
    (folder) =>
      Deno.writeTextFile(join(folder, "model", "config.json"), configToJson({ ...tinyConfig, vocabularySize: 300 })),
    quickTraining,
    "quantize",
    "tokenizer has",
    "vocab_size",
    "300",
  ),
);

/** Writes the model's weights anew, each tensor as `change` gives it back, or without it. */
async function rewriteWeights(folder: string, change: (tensor: TensorEntry) => TensorEntry | undefined): Promise<void> {
  const path = join(folder, "model", "model.safetensors");
  const entries: TensorEntry[] = [];
  {
    using file = await openSafetensors(path);
    for (const { name, shape } of llamaTensors(tinyConfig)) {
      const values = await file.readFloat32(name);
      const entry = change({ name, dtype: "F32", shape, data: new Uint8Array(values.buffer) });
      if (entry !== undefined) entries.push(entry);
    }
  }
  await writeSafetensors(path, entries, { format: "pt" });
}

const spoilt = "model.layers.0.mlp.up_proj.weight";

Deno.test(
  "train refuses weights without one of the tensors, and names it",
  withInputs(
    (folder) => rewriteWeights(folder, (tensor) => tensor.name === spoilt ? undefined : tensor),
    quickTraining,
    "quantize",
    spoilt,
  ),
);

Deno.test(
  "train refuses a tensor of the wrong shape, and names it with both shapes",
  withInputs(
    (folder) => rewriteWeights(folder, (tensor) => tensor.name === spoilt ? { ...tensor, shape: [16, 24] } : tensor),
    quickTraining,
    "quantize",
    spoilt,
    "[16, 24]",
    "[24, 16]",
  ),
);

Deno.test(
  "train refuses rows that are longer than the model's positions",
  withInputs(
    (folder) =>
      Deno.writeTextFile(
        join(folder, "belle.jsonl"),
        [...belleRows, { instruction: "long", input: "", output: "z".repeat(250) }]
          .map((row) => `${JSON.stringify(row)}\n`).join(""),
      ),
    [...quickTraining, "--max-tokens", "256"],
    "train",
    `${tinyPositions} positions`,
    "the longest row has 256 tokens",
    `lower maxTokens to ${tinyPositions}`,
  ),
);

Deno.test(
  "train refuses an unknown flag and names the nearest one, before anything is computed",
  withArguments(
    [...quickTraining, "--learning-rat", "1"],
    "--learning-rat",
    "did you mean --learning-rate?",
  ),
);

Deno.test(
  "train refuses an unknown recipe and names those that there are",
  withArguments(
    ["alpaca_lora"],
    "there is no recipe alpaca_lora",
    "chinese_vicuna, evaluate, pretrain, pretrain_tiny, quickstart",
  ),
);

Deno.test(
  "train refuses a data source with an unknown prefix",
  withArguments(
    ["chinese_vicuna", "--base-model", "model", "--data", "bele:belle.jsonl"],
    'found "bele:"',
    "Did you mean belle:belle.jsonl?",
  ),
);

Deno.test(
  "train refuses a base model that is no folder",
  withInputs(nothing, [...quickTraining, "--base-model", "modle"], "quantize", "found nothing there: --base-model /"),
);

Deno.test(
  "train refuses rows that are not there, and says which flag named them",
  () =>
    inFolder(async (folder) => {
      await writeInputs(folder);
      const data = ["--data", "alpaca.json", "--data", "belle:bele.jsonl*2"];
      const outcome = await runTask("train", folder, ["chinese_vicuna", "--base-model", "model", ...data]);
      assertRefused(outcome, "bele.jsonl (merge, input sources[1]): wanted a file, found nothing there");
      assertRefused(outcome, "nothing there: --data belle:bele.jsonl*2\n");
      const planned = await runTask("plan", folder, [
        "chinese_vicuna",
        "--base-model",
        "modle",
        "--data",
        "alpaca.json",
      ]);
      assertRefused(planned, "nothing there: --base-model modle\n");
    }),
);

Deno.test(
  "train refuses a missing required flag and a value out of range, by the flag's name",
  () =>
    inFolder(async (folder) => {
      assertRefused(await runTask("train", folder, ["chinese_vicuna"]), "--base-model is required");
      assertRefused(await runTask("train", folder, [...quickTraining, "--batch-size", "0"]), "--batch-size");
      assertEquals([...Deno.readDirSync(folder)], []);
    }),
);

Deno.test("generate refuses a folder without an adapter before it quantises the base", () =>
  inFolder(async (folder) => {
    await writeInputs(folder);
    await Deno.mkdir(join(folder, "empty"));
    const outcome = await runTask("generate", folder, ["--base-model", "model", "--lora-path", "empty", "算1加1"]);
    assertRefused(outcome, "empty has no adapter", "adapter_model.safetensors");
    assertEquals(outcome.stdout, "");
    assertEquals(publishedIn(join(folder, ".vicuna")), {});
  }));

const inChinese = ["--lang", "zh"];

Deno.test("in Chinese, a sentence says what sort of error it is, above the library's own words", () =>
  inFolder(async (folder) => {
    await writeInputs(folder);
    await Deno.mkdir(join(folder, "empty"));
    const cases: [args: string[], lead: string, words: string][] = [
      [["--base-model", "modle"], "找不到文件或文件夹", "modle"],
      [["--base-model", "empty"], "这不是模型文件夹", "none of the files wanted"],
      [["--lora-path", "empty"], "文件夹中没有适配器", "empty has no adapter"],
    ];
    for (const [args, lead, words] of cases) {
      const { code, stderr } = await runTask("generate", folder, [...args, "你好", ...inChinese]);
      assertEquals(code, 1);
      const said = new RegExp(`错误：${lead}[^\\n]*\\n.*${words}`);
      assert(said.test(stderr), stderr);
    }
    const nothing = await runTask("evaluate", folder, inChinese);
    assertStringIncludes(nothing.stderr, "错误：缺少必要的选项，或选项互不相容。\nevaluate: wanted --tasks or --data");
    await Deno.writeTextFile(join(folder, "belle.jsonl"), "");
    const { stderr } = await runTask("train", folder, [...quickTraining, ...inChinese]);
    assertStringIncludes(stderr, "错误：数据不符合要求。\n");
    assertStringIncludes(stderr, "belle.jsonl: wanted rows, found an empty file");
  }));

Deno.test("a value out of range is told by its flag, with what was wanted and found, in both languages", () =>
  inFolder(async (folder) => {
    const refused = async (args: string[]) =>
      (await runTask("generate", folder, ["hi", ...args])).stderr.split("\n")[0];
    assertEquals(await refused(["--max-new-tokens", "-3"]), "error: --max-new-tokens wants at least 1, found -3");
    assertEquals(await refused(["--seed", "1.5"]), "error: --seed wants a whole number, found 1.5");
    assertEquals(
      await refused(["--max-new-tokens", "-3", ...inChinese]),
      "错误：--max-new-tokens 需要不小于 1 的数，实际为 -3",
    );
  }));

Deno.test("a lock file that is not JSON is found before the first stage", () =>
  inFolder(async (folder) => {
    await writeInputs(folder);
    await Deno.writeTextFile(join(folder, "vicuna.lock.json"), "<<<<<<< HEAD");
    const { code, stdout, stderr } = await runTask("train", folder, quickTraining);
    assertEquals(code, 1);
    assertStringIncludes(stderr, "vicuna.lock.json: it is not JSON");
    assert(!stdout.includes("✓"), stdout);
  }));
