import { join } from "@std/path";
import {
  defineStage,
  inputFile,
  type Kind,
  kind,
  list,
  type ListInput,
  type Pipeline,
  pipeline,
  type PipelineEvent,
  type RunOptions,
  type RunResult,
  type Stage,
  type Targets,
  z,
} from "../../../pipeline/core/mod.ts";
import { runObserved, type RunObserver } from "../../../pipeline/core/upkeep.ts";

/** A file of lines. */
export const lines: Kind<"lines", { language: string }> = kind<{ language: string }>()("lines");
/** A file `text.txt` made of lines. */
export const text: Kind<"text", { length: number }> = kind<{ length: number }>()("text");

/** What the stages of the tests did, in order: `join`, `shout`, … */
export type Calls = string[];

/** Params of {@link joinStage}. */
export interface JoinParams {
  separator?: string;
  trim?: { left?: boolean; right?: boolean };
  seed?: number;
}

/** A stage that joins files of lines, and notes each time it is computed. */
export function joinStage(
  calls: Calls,
  version = 1,
): Stage<{ sources: ListInput<typeof lines> }, JoinParams, typeof text> {
  return defineStage({
    name: "join",
    version,
    inputs: { sources: list(lines) },
    params: z.object({
      separator: z.string().default(","),
      trim: z.object({ left: z.boolean().default(true), right: z.boolean().default(true) }).prefault({}),
      seed: z.number().int().default(42),
    }),
    output: text,
    async run({ inputs, params, output }) {
      calls.push("join");
      const all = await Promise.all(inputs.sources.map((source) => Deno.readTextFile(source.path)));
      const joined = all.map((content) => params.trim.left ? content.trim() : content).join(params.separator);
      await Deno.writeTextFile(join(output.dir, "text.txt"), joined);
      await Deno.writeTextFile(output.volatile("timing.txt"), String(performance.now()));
      return { length: joined.length };
    },
  });
}

/** A stage that reads {@link text} and writes it in capitals. */
export function shoutStage(calls: Calls, version = 1): Stage<{ text: typeof text }, { mark?: string }, typeof text> {
  return defineStage({
    name: "shout",
    version,
    inputs: { text },
    params: z.object({ mark: z.string().default("!") }),
    output: text,
    async run({ inputs, params, output }) {
      calls.push("shout");
      const loud = (await Deno.readTextFile(join(inputs.text.dir, "text.txt"))).toUpperCase() + params.mark;
      await Deno.writeTextFile(join(output.dir, "text.txt"), loud);
      return { length: loud.length };
    },
  });
}

/** A temporary folder with a cache, an input and shorthands; removed by `using`. */
export class Workbench implements AsyncDisposable {
  readonly dir: string = Deno.makeTempDirSync({ prefix: "vicuna-test-" });
  readonly cacheDir: string = join(this.dir, "cache");
  readonly calls: Calls = [];
  readonly events: PipelineEvent[] = [];

  /** Writes a file below the folder and returns its path. */
  async write(name: string, content: string): Promise<string> {
    const path = join(this.dir, name);
    await Deno.mkdir(join(path, ".."), { recursive: true });
    await Deno.writeTextFile(path, content);
    return path;
  }

  /** Runs what `build` wires; the calls and events of this run alone are then in `calls` and `events`. */
  async run<T extends Targets>(
    build: () => T,
    options: RunOptions = {},
    observers: readonly RunObserver[] = [],
  ): Promise<RunResult<T>> {
    this.calls.length = 0;
    this.events.length = 0;
    return await runObserved(
      simplePipeline(build),
      { cacheDir: this.cacheDir, onEvent: (event) => this.events.push(event), ...options },
      observers,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.dir, { recursive: true });
  }
}

/** A pipeline without options. */
export function simplePipeline<T extends Targets>(build: () => T): Pipeline<z.ZodObject, T> {
  return pipeline({ name: "test", options: z.object({}) as z.ZodObject, build });
}

/** The two stages of the tests in a row, over the given files. */
export function joinAndShout(
  calls: Calls,
  paths: readonly string[],
  { params = {}, mark = "!", versions = [1, 1] }: {
    params?: JoinParams;
    mark?: string;
    versions?: readonly [number, number];
  } = {},
): { loud: ReturnType<ReturnType<typeof shoutStage>> } {
  const sources = paths.map((path) => inputFile(lines, path, { language: "zh" }));
  const joined = joinStage(calls, versions[0])({ sources, ...params });
  return { loud: shoutStage(calls, versions[1])({ text: joined, mark }) };
}

/** Each stage of a result with its status and reason: `join ran (first run)`. */
export function summary({ stages }: RunResult): string[] {
  return stages.map(({ stage, status }) => `${stage} ${status}`);
}

/** Reasons of the stages that ran, in English: `join: version 1 -> 2`. */
export function reasons(events: readonly PipelineEvent[]): string[] {
  return events.flatMap((event) => event.type === "stage-start" ? [`${event.stage}: ${event.because}`] : []);
}
