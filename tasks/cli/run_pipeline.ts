import { join, resolve, toFileUrl } from "@std/path";
import { chooseDevice, prepareChildren } from "../../kernels/machine/adapter.ts";
import { copyTargets, DamagedTargetError, type JsonObject } from "../../pipeline/core/mod.ts";
import {
  holdOutput,
  keepEarlierResult,
  LockCheck,
  LockCollector,
  noteResult,
  readLockFile,
  runObserved,
  setAside,
  writeLockFile,
} from "../../pipeline/core/upkeep.ts";
import { adviseOnce } from "./advise_once.ts";
import { chooseRenderer } from "./render/choose_renderer.ts";
import { visibleName } from "./render/visible.ts";
import type { Language } from "./language.ts";
import { lockPathOf } from "./lock_path.ts";
import { lockOf } from "./options/locked_options.ts";
import { messagesIn } from "./messages.ts";
import { ModelTracer } from "./next_command.ts";
import { explainError, readPipelineCommand, type RunningTask } from "./pipeline_command.ts";
import { describedIn } from "./options/pipeline_texts.ts";
import { useLanguageOfSchemas } from "./options/schema_language.ts";
import { UsageError } from "./usage_error.ts";

/** Runs the pipeline that a command line names, and copies its results to the output folder. */
export async function runPipelineTask(
  task: RunningTask,
  args: readonly string[],
  language: Language,
  signal: AbortSignal,
): Promise<void> {
  useLanguageOfSchemas(language);
  const messages = messagesIn(language);
  const command = await readPipelineCommand(task, args, language);
  if (command.help !== undefined) return console.log(command.help);
  const { loaded, common } = command;
  const about = describedIn(loaded.pipeline, language);
  if (!common.json && about !== undefined) console.log(`${visibleName(loaded.name)}: ${about}\n`);
  // A path that cannot become a folder should not be found out after hours of training.
  const dir = resolve(common.outputPath ?? join("vicuna-output", loaded.name));
  const there = await Deno.stat(dir).catch(() => undefined);
  if (there && !there.isDirectory) throw new UsageError(`--output-path ${dir}: wanted a folder, found a file`);
  const lockPath = lockPathOf(loaded);
  await readLockFile(lockPath); // one that will not take the new lock should be found out now, too
  const locked = common.locked ? await lockOf(loaded, command.options, messages) : undefined;
  const options = locked?.options ?? command.options;
  if (common.device !== undefined) chooseDevice(common.device);
  if (common.strict) await prepareChildren(); // the stages' own processes must not look at the machine to find this out
  const collector = new LockCollector();
  const renderer = adviseOnce(chooseRenderer(common.json, messages), language);
  const warn = (message: string) => renderer.show({ type: "stage-log", stage: loaded.name, level: "warn", message });
  const tracer = new ModelTracer();
  const writeLock = async () => {
    const { changed, kept } = await writeLockFile(lockPath, loaded.name, collector.locked(options), {
      keep: !common.overwrite,
    });
    if (kept !== undefined) warn(messages.keptAside(lockPath, kept));
    if (changed) renderer.show({ type: "lock-written", path: lockPath });
  };
  try {
    const cacheDir = resolve(common.cacheDir);
    const observers = [locked === undefined ? collector : new LockCheck(locked), tracer];
    await using _held = await holdOutput(dir, `process ${Deno.pid}: ${task} ${loaded.name}, since ${since()}`);
    let files: string[] = [];
    let next: string | undefined;
    const run = () =>
      runObserved(loaded.pipeline, {
        name: loaded.name,
        options,
        cacheDir,
        trustCache: common.trustCache,
        ...(common.remoteCache !== undefined && {
          remoteCache: { location: common.remoteCache, write: common.remoteWrite },
        }),
        ...(common.strict && { strict: { module: toFileUrl(loaded.path).href, options: options as JsonObject } }),
        signal,
        onEvent: (event) => renderer.show(event),
        use: async (result) => {
          const kept = common.overwrite ? undefined : await keepEarlierResult(result, dir);
          if (kept !== undefined) warn(messages.keptAside(dir, kept));
          files = await copyTargets(result, dir);
          await noteResult(result, dir, files);
          next = tracer.nextCommand(result, dir, files);
        },
      }, observers);
    await run().catch(async (error) => {
      if (!(error instanceof DamagedTargetError)) throw error;
      warn(error.message);
      await setAside(cacheDir, error.key);
      await run();
    });
    renderer.show({ type: "output-written", dir, files });
    if (locked === undefined) await writeLock();
    if (!common.json && next !== undefined) console.log(`\n${messages.talkToIt(visibleName(next))}`);
  } catch (error) {
    throw explainError(error, { loaded, options }, messages);
  } finally {
    renderer.close();
  }
}

function since(): string {
  return new Date().toISOString().replace(/\.\d+Z$/, "Z");
}
