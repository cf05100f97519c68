import { holdOutput } from "../../pipeline/core/upkeep.ts";
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { cpSync } from "node:fs";
import { join, relative } from "@std/path";
import { describeReason, type Plan } from "../../mod.ts";
import { readAdapter } from "../../models/formats/adapter/adapter.ts";
import {
  endsOf,
  eventsOf,
  inFolder,
  publishedIn,
  quickTraining,
  repository,
  runTask,
  statusesOf,
  writeInputs,
} from "./children.ts";

const cached = { quantize: "cached", merge: "cached", tokenize: "cached", train: "cached", evaluate: "cached" };

Deno.test("train: chinese_vicuna makes an adapter, its report and the log, and finds all of it in the cache next time", (t) =>
  inFolder(async (folder) => {
    await writeInputs(folder);
    const first = await runTask("train", folder, [...quickTraining, "--output-path", "out"]);
    assertEquals([first.code, first.stderr], [0, ""]);
    assertStringIncludes(first.stdout, "36 rows from 2 sources: 32 to train on, 4 for validation");
    assertStringIncludes(first.stdout, "5 computed, 0 from the cache");
    const [last] = first.stdout.trimEnd().split("\n").slice(-1);
    const task = `deno task --config ${relative(folder, repository)}/deno.json chat`;
    assertEquals(last, `Talk to it: ${task} --base-model model --template alpaca --lora-path out`);
    await checkOutput(join(folder, "out"));

    const published = publishedIn(join(folder, ".vicuna"));
    assertEquals(published, { quantize: 1, merge: 1, tokenize: 1, train: 1, evaluate: 1 });
    const plan = await runTask("plan", folder, [...quickTraining, "--json"]);
    assertEquals(plannedOf(plan.stdout), cached);

    const second = await runTask("train", folder, [...quickTraining, "--json", "--output-path", "out2"]);
    assertEquals([second.code, second.stderr], [0, ""]);
    assertEquals(statusesOf(second), cached);
    assertEquals(publishedIn(join(folder, ".vicuna")), published);
    const bytes = (name: string) => Deno.readFile(join(folder, name, "adapter_model.safetensors"));
    assertEquals(await bytes("out2"), await bytes("out"));

    await t.step(
      "the lock tells --locked and reproduce the options; others, and other rows, are refused",
      () => checkLock(folder),
    );
  }));

/** What the lock that a training has written in a folder is good for. */
async function checkLock(folder: string): Promise<void> {
  const locked = ["chinese_vicuna", "--locked", "--output-path", "out2"];
  const again = await runTask("train", folder, [
    ...[...locked, "--json", "--max-steps", "3", "--seed", "42"],
    ...["--log-steps", "2", "--gpu-memory", "4"], // these change no key
  ]);
  assertEquals([again.code, again.stderr], [0, ""]);
  assertEquals(statusesOf(again), cached);
  assertEquals(plannedOf((await runTask("plan", folder, ["chinese_vicuna", "--locked", "--json"])).stdout), cached);
  const refused = await runTask("train", folder, [
    ...locked,
    "--max-steps",
    "4",
    "--seed",
    "7",
    "--data",
    "alpaca.json",
  ]);
  assertEquals([refused.code, refused.stdout.includes("> merge")], [1, false]);
  for (
    const line of [
      "--max-steps 4: the lock has 3",
      "--seed 7: the lock has 42",
      '--data ["alpaca.json"]: the lock has ["belle:belle.jsonl","alpaca.json"]',
    ]
  ) assertStringIncludes(refused.stderr, line);
  const reproduced = await runTask("reproduce", folder, ["chinese_vicuna", "--json"]);
  const verdict = JSON.parse(reproduced.stdout.trim().split("\n").at(-1)!);
  assertEquals([reproduced.code, verdict.reproduced], [0, true]);
  const verdicts = verdict.stages.map((stage: { verdict: { type: string } }) => stage.verdict.type);
  assertEquals(new Set(verdicts), new Set(["identical"]));
  assertEquals(JSON.parse((await runTask("cache", folder, ["ls", "--json"])).stdout).length, 5);

  await Deno.writeTextFile(join(folder, "alpaca.json"), "[]");
  const drifted = await runTask("train", folder, locked);
  assertEquals(drifted.code, 1);
  assertStringIncludes(drifted.stderr, "merge is not what the lock says: inputs.sources[1] changed");
  const runs = JSON.parse((await runTask("runs", folder, ["--json"])).stdout);
  assertEquals(runs.map(({ status }: { status: string }) => status), ["failed", "done", "done", "done"]);
  assertEquals([runs[1].options.logSteps, runs[1].options.gpuMemory], [2, 4], "what changes no key is taken");
  for (const [args, words] of [[[], "failed at merge:"], [["--lang", "zh"], "失败于 merge："]] as const) {
    const { stdout } = await runTask("runs", folder, args);
    const told = stdout.split("\n").map((line) => line.split("│").at(-2)?.trim() ?? "").join(" ");
    assertStringIncludes(
      told,
      `${words} merge is not what the lock says: inputs.sources[1] changed`.replace("： ", "："),
    );
  }
  const swept = await runTask("cache", folder, ["gc", "--keep", "0", "--lang", "zh"]);
  assertStringIncludes(swept.stdout, "已释放");
}

async function checkOutput(directory: string): Promise<void> {
  const dated = /^results_\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.\d{3}Z\.json$/;
  const found = [...Deno.readDirSync(directory)].map(({ name }) => name.replace(dated, "results_DATE.json"));
  const names = found.sort();
  assertEquals(names, [
    "adapter_config.json",
    "adapter_model.safetensors",
    "checkpoint-3",
    "loss_curve.svg",
    "report.html",
    "report.md",
    "results.json",
    "results_DATE.json",
    "trainer_log.jsonl",
    "trainer_state.json",
    "vicuna-output.json",
  ]);
  const read = (name: string) => Deno.readTextFile(join(directory, name));
  const adapter = await readAdapter(directory);
  assertEquals([adapter.rank, adapter.alpha, adapter.targets], [8, 16, ["q_proj", "v_proj"]]);
  assertEquals(adapter.tensors.length, 2);
  for (const { target, b } of adapter.tensors) assert(b.some((value) => value !== 0), `B of ${target} is zero`);

  assertEquals((await readAdapter(join(directory, "checkpoint-3"))).tensors, adapter.tensors);

  const state = JSON.parse(await read("trainer_state.json"));
  assertEquals(state.best_model_checkpoint, "checkpoint-3");
  assertEquals([state.global_step, state.max_steps], [3, 3]);
  const log = (await read("trainer_log.jsonl")).trimEnd().split("\n").map((line) => JSON.parse(line));
  assertEquals(log.map(({ step }) => step), [1, 2, 3, 3]);
  assert(log.slice(0, 3).every(({ loss, grad_norm }) => loss > 0 && grad_norm > 0));
  assert(log[3].eval_loss > 0);

  const results = JSON.parse(await read("results.json"));
  assertEquals(Object.keys(results).sort(), ["after", "before", "difference", "sample_metrics", "samples", "tasks"]);
  for (const side of [results.before, results.after]) {
    for (const name of ["eval_loss", "perplexity", "bits_per_byte"]) {
      assert(side[name] > 0 && side[`${name}_stderr`] > 0, `${name} ${side[name]} ± ${side[`${name}_stderr`]}`);
    }
    assertEquals(side.perplexity, Math.exp(side.eval_loss));
  }
  assert(results.after.eval_loss < results.before.eval_loss, "the loss did not fall");
  assertEquals(results.samples.length, 1);
  assertEquals(Object.keys(results.samples[0]).sort(), ["after", "before", "expected", "input", "instruction"]);
  assertMatch(await read("loss_curve.svg"), /^<svg [\s\S]*<polyline [\s\S]*<\/svg>\s*$/);
  assertStringIncludes(await read("report.md"), results.after.eval_loss.toFixed(4));
}

/** The status of each stage of a plan in JSON. */
function plannedOf(stdout: string): Record<string, string> {
  const plan = JSON.parse(stdout) as Plan;
  return Object.fromEntries(plan.stages.map(({ stage, status }) => [stage, status]));
}

Deno.test("train: a run into the output folder of another one is told so before anything is computed", () =>
  inFolder(async (folder) => {
    await writeInputs(folder);
    await using _first = await holdOutput(join(folder, "out"), "process 7: train");
    const second = await runTask("train", folder, [...quickTraining, "--output-path", "out"]);
    assertEquals(second.code, 1);
    assertStringIncludes(second.stderr, "out: another run writes into it (process 7: train)");
    assertEquals(publishedIn(join(folder, ".vicuna")), {});
  }));

/** What several tests go on from. */
const quick = [...quickTraining, "--samples", "0"];
let trained: string | undefined;
Deno.test.afterAll(() => trained === undefined ? undefined : Deno.remove(trained, { recursive: true }));

/** A folder in which `quick` was run once, its results in `out`; a copy of it that a test may change. */
async function trainedIn(folder: string): Promise<void> {
  if (trained === undefined) {
    trained = await Deno.realPath(await Deno.makeTempDir({ prefix: "vicuna-trained-" }));
    await writeInputs(trained);
    const { code, stderr } = await runTask("train", trained, [...quick, "--output-path", "out"]);
    assertEquals([code, stderr], [0, ""]);
  }
  cpSync(trained, folder, { recursive: true, preserveTimestamps: true });
}

Deno.test("train: another learning rate runs train and evaluate alone, each says why, and --json prints nothing but JSON lines", () =>
  inFolder(async (folder) => {
    await trainedIn(folder);
    const changed = [...quick, "--json", "--learning-rate", "0.02"];
    const plan = await runTask("plan", folder, changed);
    assertEquals(plannedOf(plan.stdout), { ...cached, train: "would-run", evaluate: "waits" });
    const why = (JSON.parse(plan.stdout) as Plan).stages.find(({ stage }) => stage === "train");
    assert(why?.status === "would-run");
    assertEquals(describeReason(why.reason), "learningRate 0.01 -> 0.02");
    assertEquals(publishedIn(join(folder, ".vicuna"))["train"], 1, "plan must not compute");

    const outcome = await runTask("train", folder, [...changed, "--output-path", "again"]);
    assertEquals([outcome.code, outcome.stderr], [0, ""]);
    const events = eventsOf(outcome);
    assertEquals(events[0]!.type, "pipeline-start");
    const types = events.map(({ type }) => type).filter((type) => type !== "stage-log");
    assertEquals(types.slice(-2), ["output-written", "lock-written"]);
    assert(events.some(({ type }) => type === "stage-progress"));
    const { train, evaluate, ...others } = endsOf(outcome);
    assertEquals(train, { status: "ran", because: "learningRate 0.01 -> 0.02" });
    assertEquals(evaluate, { status: "ran", because: "inputs.adapter changed (train's output)" });
    const untouched = { status: "cached", because: undefined };
    assertEquals(others, { quantize: untouched, merge: untouched, tokenize: untouched });
  }));

Deno.test("train: two runs from two empty caches give the same adapter to the byte, whichever way flags are spelt", () =>
  inFolder(async (folder) => {
    await trainedIn(folder);
    // Numbers, names and separators may be written in more than one way.
    const again = [
      ...["chinese-vicuna", "--model_path=model", "--data_path", "belle:belle.jsonl", "--data_path=alpaca.json"],
      ...["--val_set_size", "4", "--cutoff_len", "96", "--max-steps", "3", "--batch_size", "4", "--warmup_steps", "1"],
      ...["--learning_rate", "1e-2", "--logging_steps", "1", "--lora_r", "8", "--samples", "0"],
    ];
    const { code, stderr } = await runTask("train", folder, [...again, "--cache-dir", "b", "--output-path", "out2"]);
    assertEquals([code, stderr], [0, ""]);
    assertEquals(publishedIn(join(folder, "b")), publishedIn(join(folder, ".vicuna")));
    const [first, second] = await Promise.all(
      ["out", "out2"].map((name) => Deno.readFile(join(folder, name, "adapter_model.safetensors"))),
    );
    assertEquals(second, first);
  }));

Deno.test("train: --lora_r sets the rank", () =>
  inFolder(async (folder) => {
    await trainedIn(folder);
    const args = [...quick, "--max-steps", "1", "--eval-steps", "0", "--lora_r", "3", "--output-path", "out3"];
    const outcome = await runTask("train", folder, args);
    assertEquals([outcome.code, outcome.stderr], [0, ""]);
    assertEquals((await readAdapter(join(folder, "out3"))).rank, 3);
  }));

Deno.test("plan: before the first run it says what would run and why, and makes no result", () =>
  inFolder(async (folder) => {
    await writeInputs(folder);
    const { code, stdout, stderr } = await runTask("plan", folder, quickTraining);
    assertEquals([code, stderr], [0, ""]);
    assertMatch(stdout, /quantize\s*│ would run\s*│\s*│ first run/);
    assertStringIncludes(stdout, "2 would run, 3 depend on them, 0 cached");
    assertEquals(publishedIn(join(folder, ".vicuna")), {});
  }));

Deno.test("train --help lists the recipe's flags with their defaults, in English and in Chinese", () =>
  inFolder(async (folder) => {
    const english = await runTask("train", folder, ["chinese_vicuna", "--help"]);
    assertEquals([english.code, english.stderr], [0, ""]);
    assertMatch(english.stdout, /--learning-rate <number>\s+highest learning rate \(default: 0\.0003\)/);
    assertMatch(english.stdout, /--base-model <path>[^-]*required/);
    const chinese = await runTask("train", folder, ["chinese_vicuna", "--help", "--lang", "zh"]);
    assertEquals([chinese.code, chinese.stderr], [0, ""]);
    assertMatch(chinese.stdout, /--learning-rate <数字>\s+最高学习率（默认：0\.0003）/);
    assertEquals([...Deno.readDirSync(folder)], []);
  }));
