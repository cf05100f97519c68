import { assertEquals } from "@std/assert";
import { dirname, fromFileUrl, join } from "@std/path";
import { template } from "../../datasets/templates/templates.ts";
import type { LlamaConfig } from "../../models/formats/config.ts";
import { buildTokenizer } from "../../models/formats/tokenizer/tokenizer_builder.ts";
import { writeRandomModel } from "../../models/init_model.ts";
import type { PipelineEvent } from "../../mod.ts";

/** The folder of this project. */
export const repository: string = fromFileUrl(new URL("../../", import.meta.url));

/** How a child ended and what it said. */
export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a test in a temporary folder, which is removed afterwards. */
export async function inFolder(run: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "vicuna-tasks-" });
  try {
    await run(await Deno.realPath(folder));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** What a child is told: English, and nothing of how the tests themselves were called (`./vicuna test` leaves it). */
const childEnv: Readonly<Record<string, string>> = { LC_ALL: "C.UTF-8", NO_COLOR: "1", VICUNA_LAUNCHER: "" };

/** Runs `deno …` in the project's folder to its end, in English. */
export async function runDeno(args: readonly string[], env: Record<string, string> = {}): Promise<Outcome> {
  const child = new Deno.Command(Deno.execPath(), {
    args: [...args],
    cwd: repository,
    env: { ...childEnv, ...env },
    stdin: "null",
  });
  const { code, stdout, stderr } = await child.output();
  return { code, stdout: new TextDecoder().decode(stdout), stderr: new TextDecoder().decode(stderr) };
}

/** The processes that a process has started, by Linux's own account. */
async function childrenOf(pid: number): Promise<number[]> {
  const text = await Deno.readTextFile(`/proc/${pid}/task/${pid}/children`).catch(() => "");
  return text.split(" ").filter(Boolean).map(Number);
}

/** Runs `deno …` until it has a child, asks it to end, and fails unless it does with 130 and its children with it. */
export async function endedWithChildren(args: readonly string[], env: Record<string, string> = {}): Promise<void> {
  const process = new Deno.Command(Deno.execPath(), {
    args: [...args],
    env: { ...childEnv, ...env },
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  let ended = false;
  process.status.then(() => ended = true);
  let children: number[] = [];
  while (children.length === 0 && !ended) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    children = await childrenOf(process.pid);
  }
  const early = ended;
  if (!early) process.kill("SIGTERM");
  const { code, stderr } = await process.output();
  assertEquals([code, early], [130, false], new TextDecoder().decode(stderr));
  for (const child of children) assertEquals(await Deno.stat(`/proc/${child}`).catch(() => "gone"), "gone");
}

/**
 * Notes that this device's kernels passed their self-check, by digest of kernels and driver: kept for the next test, since the
 * check is half of what a small training costs. tests/kernels/self_check/self_check_test.ts runs it always.
 */
const keptNotes = join(repository, ".vicuna", "device-notes");

/** Copies the notes on devices that `to` lacks. */
async function copyNotes(from: string, to: string): Promise<void> {
  const names = await Array.fromAsync(Deno.readDir(from), ({ name }) => name).catch(() => []);
  for (const name of names.filter((name) => /^device-[0-9a-f]+\.json$/.test(name))) {
    if (await Deno.stat(join(to, name)).then(() => true, () => false)) continue;
    await Deno.mkdir(to, { recursive: true });
    // Another process may copy the same one.
    const aside = await Deno.makeTempFile({ dir: to });
    await Deno.copyFile(join(from, name), aside);
    await Deno.rename(aside, join(to, name));
  }
}

/** Runs a task as `deno task` does for a user who stands in `folder`. */
export async function runTask(
  name: "train" | "plan" | "evaluate" | "generate" | "export" | "reproduce" | "cache" | "runs",
  folder: string,
  args: readonly string[],
): Promise<Outcome> {
  const outcome = await runDeno(["run", "-A", join(repository, "tasks", `${name}.ts`), ...args], { INIT_CWD: folder });
  if (name === "train") await copyNotes(join(folder, ".vicuna", "notes"), keptNotes);
  return outcome;
}

/** The lines of `--json`; throws if standard output holds anything else. */
export function eventsOf({ stdout }: Outcome): PipelineEvent[] {
  return stdout.trimEnd().split("\n").map((line) => JSON.parse(line) as PipelineEvent);
}

/** How each stage ended, and why it ran. */
export function endsOf(outcome: Outcome): Record<string, { status: string; because: string | undefined }> {
  const ends = eventsOf(outcome).filter((event) => event.type === "stage-end");
  return Object.fromEntries(ends.map(({ stage, status, because }) => [stage, { status, because }]));
}

/** The status of each stage. */
export function statusesOf(outcome: Outcome): Record<string, string> {
  return Object.fromEntries(Object.entries(endsOf(outcome)).map(([stage, { status }]) => [stage, status]));
}

/** How many results of each stage a cache holds. Entries that are still being written are not counted. */
export function publishedIn(cacheDir: string): Record<string, number> {
  const counts: Record<string, number> = {};
  try {
    for (const { name } of Deno.readDirSync(join(cacheDir, "store"))) {
      const entries = [...Deno.readDirSync(join(cacheDir, "store", name))];
      if (entries.length > 0) counts[name] = entries.length;
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return counts;
}

const fruits = ["apple", "pear", "plum", "fig", "lemon", "grape"];
const colours = ["red", "green", "blue", "gold", "pink", "black"];

/** Rows in BELLE's form, Chinese, each another one. */
export const belleRows: readonly { instruction: string; input: string; output: string }[] = colours.flatMap((_, i) =>
  fruits.slice(0, 3).map((_, j) => ({ instruction: `算${i}加${j}`, input: "", output: `是${i + j}` }))
);

/** Rows in alpaca's form, English, each another one; every second one has an input. */
export const alpacaRows: readonly { instruction: string; input: string; output: string }[] = fruits.flatMap((fruit) =>
  colours.slice(0, 3).map((colour, i) => ({
    instruction: `Name a ${colour} fruit`,
    input: i === 1 ? fruit : "",
    output: `A ${colour} ${fruit}`,
  }))
);

/** Writes `belle.jsonl` (JSON Lines) and `alpaca.json` (an array). */
export async function writeData(folder: string): Promise<void> {
  const lines = belleRows.map((row) => `${JSON.stringify(row)}\n`).join("");
  await Deno.writeTextFile(join(folder, "belle.jsonl"), lines);
  await Deno.writeTextFile(join(folder, "alpaca.json"), JSON.stringify(alpacaRows, null, 1));
}

/** Positions of {@linkcode writeTinyModel}'s model. */
export const tinyPositions = 128;

/** Shape of {@linkcode writeTinyModel}'s model. It has more ids than its tokenizer, as padded vocabularies do. */
export const tinyConfig: LlamaConfig = {
  family: "llama",
  hiddenSize: 16,
  intermediateSize: 24,
  layers: 1,
  heads: 2,
  keyValueHeads: 2,
  headSize: 8,
  vocabularySize: 512,
  maxPositions: tinyPositions,
  normEpsilon: 1e-6,
  ropeTheta: 10000,
  tiedEmbeddings: false,
  bosId: 1,
  eosIds: [2],
};

/** Writes an untrained LLaMA folder whose tokenizer knows the words of the rows, so that prompts are short. */
export async function writeTinyModel(directory: string): Promise<void> {
  const { prompt } = template("alpaca");
  const texts = [...belleRows, ...alpacaRows].flatMap((row) => [prompt(row), row.output]);
  await Deno.mkdir(dirname(directory), { recursive: true });
  await writeRandomModel(directory, {
    seed: 7,
    config: tinyConfig,
    tokenizerJson: buildTokenizer(texts, tinyConfig.vocabularySize),
    initializerRange: 0.2,
  });
}

/** Lets the cache in a folder know that this device's kernels have passed their self-check before. */
export function writeNotes(folder: string): Promise<void> {
  return copyNotes(keptNotes, join(folder, ".vicuna", "notes"));
}

/** A model `model` and data files in a folder, with {@linkcode writeNotes}. */
export async function writeInputs(folder: string): Promise<void> {
  await writeNotes(folder);
  await writeTinyModel(join(folder, "model"));
  await writeData(folder);
}

/** Arguments of a quick training on {@linkcode writeInputs}; what follows them wins. */
export const quickTraining: readonly string[] = [
  ...["chinese_vicuna", "--base-model", "model", "--data", "belle:belle.jsonl", "--data", "alpaca.json"],
  ...["--validation", "4", "--max-tokens", "96", "--max-steps", "3", "--batch-size", "4", "--warmup-steps", "1"],
  ...["--log-steps", "1", "--samples", "1", "--learning-rate", "0.01"],
];
