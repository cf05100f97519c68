// Two Ctrl-C while the device is busy for a minute: the first lets the step be finished, the second ends the process at once.
import { assert, assertEquals, assertGreater, assertLess, assertStringIncludes } from "@std/assert";
import { join, toFileUrl } from "@std/path";
import { TextLineStream } from "@std/streams";
import type { PipelineEvent } from "../../mod.ts";
import { buildTokenizer } from "../../models/formats/tokenizer/tokenizer_builder.ts";
import { writeRandomModel } from "../../models/init_model.ts";
import { inFolder, publishedIn, repository, tinyConfig, writeNotes } from "./children.ts";

/** The second signal must end a process in this time, where its work would take minutes; half a second is promised. */
const atOnceMs = 20_000;

/** A running process whose output is read as it comes. */
class Process {
  stdout = "";
  stderr = "";
  readonly ended: Promise<Deno.CommandStatus>;
  #running = true;
  readonly #process: Deno.ChildProcess;

  constructor(args: readonly string[], folder: string) {
    this.#process = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", ...args],
      cwd: repository,
      env: { LC_ALL: "C.UTF-8", NO_COLOR: "1", INIT_CWD: folder },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const read = async (from: ReadableStream<Uint8Array<ArrayBuffer>>, take: (line: string) => void) => {
      const lines = from.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream());
      for await (const line of lines) take(`${line}\n`);
    };
    const reading = [
      read(this.#process.stdout, (line) => this.stdout += line),
      read(this.#process.stderr, (line) => this.stderr += line),
    ];
    this.ended = this.#process.status.then(async (status) => {
      this.#running = false;
      await Promise.all(reading);
      return status;
    });
  }

  signal(): void {
    this.#process.kill("SIGINT");
  }

  /** Waits until something holds. Throws if the process ends before. */
  async until(holds: () => boolean): Promise<void> {
    while (this.#running && !holds()) await pause(5);
    if (!this.#running) throw new Error(`it ended too early: ${this.stdout}${this.stderr}`);
  }

  /** Sends the signal that is to end the process at once, and sees that it does. */
  async endsAtOnce(): Promise<void> {
    const since = performance.now();
    this.signal();
    assertEquals((await this.ended).code, 130, this.stderr);
    assertLess(performance.now() - since, atOnceMs);
  }
}

const pause = (ms: number) => new Promise((resume) => setTimeout(resume, ms));

/** A model and rows of which an optimizer step over all of them takes minutes on a processor. */
async function writeSlowTraining(folder: string): Promise<void> {
  await writeNotes(folder);
  const rows = Array.from({ length: 1500 }, (_, i) => ({
    instruction: `Count from ${i} on`,
    output: Array.from({ length: 50 }, (_, j) => (i + j) % 97).join(" "),
  }));
  await Deno.writeTextFile(join(folder, "rows.json"), JSON.stringify(rows));
  const texts = rows.slice(0, 20).flatMap(({ instruction, output }) => [instruction, output]);
  await writeRandomModel(join(folder, "model"), {
    seed: 7,
    config: {
      ...tinyConfig,
      hiddenSize: 256,
      intermediateSize: 768,
      layers: 6,
      heads: 32,
      keyValueHeads: 32,
      headSize: 8, // as in the other tests' models, so that the self-check is not run again
      maxPositions: 256,
    },
    tokenizerJson: buildTokenizer(texts, tinyConfig.vocabularySize),
  });
}

Deno.test("train: the first Ctrl-C says how long the step at hand will take, the second ends the process within it", () =>
  inFolder(async (folder) => {
    await writeSlowTraining(folder);
    const run = new Process([
      join(repository, "tasks/train.ts"),
      ...["chinese_vicuna", "--base-model", "model", "--data", "rows.json", "--validation", "4", "--max-tokens", "256"],
      ...["--batch-size", "1400", "--micro-batch-size", "4", "--max-steps", "1", "--samples", "0", "--json"],
    ], folder);
    const told = () =>
      run.stdout.split("\n").slice(0, -1).map((line) => JSON.parse(line) as PipelineEvent)
        .filter((event) => event.type === "stage-progress").filter(({ stage }) => stage === "train");
    await run.until(() => told().some(({ done }) => done > 0 && done < 1));
    run.signal();
    await run.until(() => told().some(({ endsInMs }) => endsInMs !== undefined));
    assertStringIncludes(run.stderr, "Ctrl-C again ends at once");
    assertGreater(told().at(-1)!.endsInMs!, 10_000);
    await run.endsAtOnce();
    assertEquals(publishedIn(join(folder, ".vicuna"))["train"], undefined);
    assertEquals(publishedIn(join(folder, ".vicuna"))["tokenize"], 1);
  }));

Deno.test("bench: the second Ctrl-C ends the process within a step of 40,960 tokens", () =>
  inFolder(async (folder) => {
    const run = new Process([
      join(repository, "tasks/bench.ts"),
      ...["--only", "steps", "--config", "S", "--tokens", "40960", "--gpu-memory", "4", "--no-autotune"],
    ], folder);
    await run.until(() => run.stdout !== "");
    await pause(1500); // the weights of S are made in a tenth of it
    run.signal();
    await pause(1000);
    await run.endsAtOnce();
    assert(!run.stdout.includes("tokens/s"), "it had ended by itself");
  }));

Deno.test("generate: two Ctrl-C end an answer", () =>
  inFolder(async (folder) => {
    await writeRandomModel(join(folder, "model"), {
      seed: 7,
      config: { ...tinyConfig, maxPositions: 16384 },
      tokenizerJson: buildTokenizer(["one two three"], tinyConfig.vocabularySize),
    });
    const args = ["--base-model", "model", "--raw", "one two\n".repeat(4000), "--max-new-tokens", "1000"];
    const run = new Process([join(repository, "tasks/generate.ts"), ...args], folder);
    await run.until(() => run.stderr !== "" || run.stdout !== "");
    run.signal();
    await pause(20);
    await run.endsAtOnce();
  }));

/** A task whose thread does not come back for a minute. */
const busy = `import { runMain } from ${JSON.stringify(toFileUrl(join(repository, "tasks/cli/main.ts")).href)};
await runMain("en", async () => {
  console.log("busy");
  for (const end = performance.now() + 60_000; performance.now() < end;);
});
`;

Deno.test("two signals end a process whose thread hears nothing; one does not", () =>
  inFolder(async (folder) => {
    const file = join(folder, "busy.ts");
    await Deno.writeTextFile(file, busy);
    const run = new Process(["--config", join(repository, "deno.json"), file], folder);
    await run.until(() => run.stdout !== "");
    run.signal();
    let ended = false;
    run.ended.then(() => ended = true);
    await pause(1000);
    assert(!ended, "the first is to be heard by the task");
    await run.endsAtOnce();
  }));
