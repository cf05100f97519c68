// A real training process is stopped or killed wherever it happens to be; the same command then finishes the work.
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { TextLineStream, toText } from "@std/streams";
import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";
import { uniformInt } from "pure-rand/distribution/uniformInt";
import type { PipelineEvent } from "../../mod.ts";
import { inFolder, publishedIn, repository, writeInputs } from "./children.ts";

/** 32 steps of 7 rows: several micro-batches each, the last one smaller; dropout; validation, checkpoints, odd intervals. */
const training = [
  ...["chinese_vicuna", "--base-model", "model", "--data", "belle:belle.jsonl", "--data", "alpaca.json"],
  ...["--validation", "4", "--max-tokens", "96", "--epochs", "8", "--batch-size", "7", "--micro-batch-size", "2"],
  ...["--lora-dropout", "0.2", "--learning-rate", "0.01", "--warmup-steps", "5", "--samples", "0"],
  ...["--log-steps", "4", "--eval-steps", "10", "--save-steps", "3", "--json"],
];

/** A running training. */
class Child {
  readonly events: PipelineEvent[] = [];
  readonly ended: Promise<Deno.CommandStatus>;
  readonly stderr: Promise<string>;
  readonly #process: Deno.ChildProcess;
  readonly #reading: Promise<void>;

  constructor(folder: string) {
    this.#process = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", join(repository, "tasks/train.ts"), ...training],
      cwd: repository,
      env: { LC_ALL: "C.UTF-8", NO_COLOR: "1", INIT_CWD: folder },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.stderr = toText(this.#process.stderr);
    this.#reading = this.#read();
    this.ended = this.#process.status.then(async (status) => {
      await this.#reading;
      return status;
    });
  }

  async #read(): Promise<void> {
    const lines = this.#process.stdout.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream());
    for await (const line of lines) {
      try {
        this.events.push(JSON.parse(line));
      } catch { /* the last line of a killed process */ }
    }
  }

  signal(name: Deno.Signal): void {
    this.#process.kill(name);
  }

  /** Waits until something holds, asking all the time. Throws if the process ends before. */
  async until(holds: () => boolean): Promise<void> {
    let running = true;
    this.#process.status.then(() => running = false);
    while (running && !holds()) await pause(1);
    if (!running) throw new Error(`the training ended too early: ${await this.stderr}`);
  }

  /** Optimizer steps that it has told of; 0 while it has told of none. */
  get steps(): number {
    const last = this.events.findLast((event) => event.type === "stage-progress" && event.stage === "train");
    return last?.type === "stage-progress" ? last.done : 0;
  }

  /** What the stage said. */
  get said(): string {
    return this.events.flatMap((event) => event.type === "stage-log" ? [event.message] : []).join("\n");
  }

  /** Digest of the adapter. */
  get digest(): string {
    const end = this.events.find((event) => event.type === "stage-end" && event.stage === "train");
    assert(end?.type === "stage-end", `no adapter was made: ${JSON.stringify(this.events.slice(-2))}`);
    return end.digest;
  }
}

const pause = (milliseconds: number) => new Promise((resume) => setTimeout(resume, milliseconds));

/** Names in the folder where the training keeps its checkpoints. */
function scratchNames(folder: string): string[] {
  const root = join(folder, ".vicuna/scratch/train");
  try {
    return [...Deno.readDirSync(root)].flatMap(({ name }) => [...Deno.readDirSync(join(root, name))])
      .map(({ name }) => name);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

const newest = (folder: string) =>
  Math.max(0, ...scratchNames(folder).flatMap((name) => /^checkpoint-(\d+)$/.exec(name)?.[1] ?? []).map(Number));

/** The log without what differs from run to run. */
function logOf(folder: string): Record<string, unknown>[] {
  const text = Deno.readTextFileSync(join(folder, "vicuna-output/chinese_vicuna/trainer_log.jsonl"));
  return text.trim().split("\n").map((line) => {
    const { elapsed: _, tokens_per_second: __, ...rest } = JSON.parse(line);
    return rest;
  });
}

/** Kills a training at so many points, of two kinds in turn, so that each time another one has gone on from what the last one left. */
export function killed(kills: number): (folder: string) => Promise<void> {
  return (folder) => killTimes(folder, kills);
}

async function killTimes(folder: string, kills: number): Promise<void> {
  const random = xoroshiro128plus(11);
  let checkpoint = 0;
  for (let kill = 0; kill < kills; kill++) {
    const child = new Child(folder);
    const delay = uniformInt(random, 0, 40);
    if (kill % 2 === 0) {
      // In one of the steps after a checkpoint, or between two.
      await child.until(() => newest(folder) > checkpoint);
      await pause(delay);
    } else {
      // While a checkpoint is written: its folder has another name until it is whole.
      const earlier = new Set(scratchNames(folder));
      await child.until(() => scratchNames(folder).some((name) => name.startsWith(".saving-") && !earlier.has(name)));
      await pause(delay / 8);
    }
    child.signal("SIGKILL");
    assertEquals((await child.ended).signal, "SIGKILL");
    assertEquals(publishedIn(join(folder, ".vicuna"))["train"], undefined);
    assert(newest(folder) >= checkpoint, "an earlier run's work is lost");
    assert(
      child.steps <= newest(folder) + 3,
      `step ${child.steps} was done, but checkpoint ${newest(folder)} is the last`,
    );
    checkpoint = newest(folder);
  }
}

/** Stops a training as its user would: with one Ctrl-C, then with two at once. */
export async function interrupted(folder: string): Promise<void> {
  const first = new Child(folder);
  await first.until(() => first.steps >= 4);
  const told = first.steps;
  first.signal("SIGINT");
  assertEquals((await first.ended).code, 130);
  assert(newest(folder) >= told, `checkpoint ${newest(folder)}, but step ${told} was done`);
  assertStringIncludes(first.said, `checkpoint-${newest(folder)} is kept: the same command goes on from there`);
  assertStringIncludes(await first.stderr, "goes on with a training");
  assertEquals([...Deno.readDirSync(join(folder, ".vicuna/staging"))], []);

  const second = new Child(folder);
  const begin = newest(folder);
  await second.until(() => second.steps > begin);
  second.signal("SIGINT");
  second.signal("SIGINT");
  assertEquals((await second.ended).code, 130);
}

/** Trains without a break, then once for each way of stopping, and compares adapter and log. */
export async function assertSameWhenStopped(
  t: Deno.TestContext,
  ways: Readonly<Record<string, (folder: string) => Promise<void>>>,
): Promise<void> {
  await inFolder(async (folder) => {
    await writeInputs(folder);
    const unbroken = new Child(folder);
    assertEquals((await unbroken.ended).code, 0, await unbroken.stderr);
    const log = logOf(folder);
    for (const [how, stop] of Object.entries(ways)) {
      await t.step(how, async () => {
        Deno.removeSync(join(folder, ".vicuna/store/train"), { recursive: true });
        Deno.removeSync(join(folder, "vicuna-output"), { recursive: true });
        await stop(folder);
        const last = new Child(folder);
        assertEquals((await last.ended).code, 0, await last.stderr);
        assert(/going on from checkpoint-\d+ /.test(last.said), last.said);
        assert(!last.said.includes("damaged"), last.said);
        assertEquals(last.digest, unbroken.digest);
        assertEquals(logOf(folder), log);
        assertEquals(scratchNames(folder), []);
      });
    }
  });
}
