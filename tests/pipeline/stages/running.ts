import { join } from "@std/path";
import {
  type AnyRef,
  inputFolder,
  pipeline,
  type PipelineEvent,
  type Ref,
  runPipeline,
  type RunResult,
  z,
} from "../../../pipeline/core/mod.ts";
import { tokenizer } from "../../../pipeline/stages/kinds.ts";
import { buildTokenizer } from "../../../models/formats/tokenizer/tokenizer_builder.ts";
import { shareGpu } from "../../kernels/shared_gpu.ts";

shareGpu();

/** Runs a test with a temporary folder, which is removed afterwards. */
export async function withFolder(run: (folder: string) => Promise<void>): Promise<void> {
  const folder = Deno.makeTempDirSync({ prefix: "vicuna-stages-" });
  try {
    await run(folder);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

/** Writes rows as JSON Lines and returns the path. */
export function writeRows(folder: string, name: string, rows: readonly unknown[]): string {
  const path = join(folder, name);
  Deno.writeTextFileSync(path, rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
  return path;
}

/** Runs a pipeline of these targets with the cache in `folder`. */
export function run<T extends Record<string, AnyRef>>(
  folder: string,
  build: () => T,
  onEvent: (event: PipelineEvent) => void = () => {},
  signal: AbortSignal = new AbortController().signal,
): Promise<RunResult<T>> {
  const definition = pipeline({ name: "test", options: z.object({}), build });
  return runPipeline(definition, { cacheDir: join(folder, "cache"), onEvent, signal });
}

/** Makes a small tokenizer of these texts in a sub-folder, as an input of a pipeline. */
export function smallTokenizer(folder: string, texts: readonly string[], vocabSize: number): Ref<typeof tokenizer> {
  const directory = join(folder, "tokenizer");
  Deno.mkdirSync(directory, { recursive: true });
  Deno.writeTextFileSync(join(directory, "tokenizer.json"), buildTokenizer(texts, vocabSize));
  return inputFolder(tokenizer, directory, { meta: { vocabSize } });
}

/** The lines of an evaluation's samples_TASK_DATE.jsonl. */
// deno-lint-ignore no-explicit-any
export function samplesIn(dir: string, task: string): any[] {
  const names = [...Deno.readDirSync(dir)].map(({ name }) => name).filter((name) =>
    name.startsWith(`samples_${task}_`)
  );
  if (names.length !== 1) throw new Error(`wanted one file of samples of ${task}, found ${names}`);
  return Deno.readTextFileSync(join(dir, names[0]!)).trimEnd().split("\n").map((line) => JSON.parse(line));
}
