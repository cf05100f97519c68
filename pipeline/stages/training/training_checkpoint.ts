import { deviceName } from "../../../kernels/gpu/device.ts";
import { join } from "@std/path";
import type { DeviceRecord } from "../../../models/device_check.ts";
import { FormatError } from "../../../models/formats/error.ts";
import type { StepTrainer } from "../../../models/training/trainer.ts";
import { PipelineError, type StageOutput } from "../../core/mod.ts";
import { type Checkpoint, checkpointName } from "./checkpoints.ts";
import type { LogSnapshot, TrainingLog } from "./training_log.ts";

/** Names of the files of a checkpoint besides what was trained. */
const files = {
  /** Weights, moments and counters: all that the next step depends on. */
  optimizer: "optimizer.safetensors",
  state: "trainer_state.json",
  /** The log, so that a continued one is whole. */
  log: "log.json",
  /** Where it was made. What a device chooses for speed and what may change last bits belongs here as well. */
  device: "device.json",
} as const;

/** What a checkpoint is written from. */
export interface CheckpointContents {
  readonly trainer: StepTrainer;
  /** Writes what was trained, as it is now, in the form of a result. */
  readonly write: (dir: string) => Promise<void>;
  readonly history: TrainingLog;
  readonly device: DeviceRecord;
  /** Names of all that have taken part so far. */
  readonly devices: readonly string[];
  /** Optimizer steps taken. */
  readonly step: number;
}

/**
 * Writes the files of a checkpoint into a folder.
 *
 * @throws {PipelineError} for weights or moments that are not finite
 */
export async function writeCheckpoint(dir: string, contents: CheckpointContents): Promise<void> {
  const { trainer, write, history, device, devices, step } = contents;
  const best = history.best;
  try {
    await trainer.save(join(dir, files.optimizer));
    await write(dir);
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    throw new PipelineError(
      `training stopped after step ${step}: ${error.message}; wanted finite numbers. Lower the learning rate.`,
      { cause: error },
    );
  }
  await Deno.writeTextFile(join(dir, files.state), history.state(step, best ? checkpointName(best.step) : null));
  await Deno.writeTextFile(join(dir, files.log), JSON.stringify(history.snapshot()));
  await Deno.writeTextFile(join(dir, files.device), JSON.stringify({ ...device, devices }, null, 2));
}

/**
 * Takes a trainer to where a checkpoint was written.
 *
 * @throws {PipelineError} when it was written by other code, which named or laid out things otherwise
 */
export async function restoreTrainer(trainer: StepTrainer, { dir }: Checkpoint): Promise<void> {
  try {
    await trainer.restore(join(dir, files.optimizer));
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    throw new PipelineError(
      `going on from ${dir}: another version of this program wrote it (${error.message}). Remove its parent folder to ` +
        "begin anew, or take that version again.",
      { cause: error },
    );
  }
}

/** Names of all devices that took part in what a checkpoint holds. */
export async function devicesOf({ dir }: Checkpoint): Promise<readonly string[]> {
  const record: DeviceRecord & { devices?: string[] } = JSON.parse(await Deno.readTextFile(join(dir, files.device)));
  return record.devices ?? [deviceName(record.adapter)];
}

/** Takes a trainer to a checkpoint of an earlier run, and gives what that run had logged. */
export async function continueFrom(
  checkpoint: Checkpoint,
  trainer: StepTrainer,
  device: DeviceRecord,
  log: (level: "info" | "warn", message: string) => void,
): Promise<LogSnapshot> {
  await restoreTrainer(trainer, checkpoint);
  log("info", `going on from ${checkpointName(checkpoint.step)} of an earlier run`);
  const read = async (name: string) => JSON.parse(await Deno.readTextFile(join(checkpoint.dir, name)));
  const difference = differenceOfDevice(await read(files.device), device);
  if (difference !== undefined) {
    log("warn", `the checkpoint was made ${difference}: the last bits of the result may differ from an unbroken run's`);
  }
  return await read(files.log);
}

/** In which way a checkpoint was made elsewhere than on this device; undefined if it was not. */
function differenceOfDevice(then: DeviceRecord, now: DeviceRecord): string | undefined {
  const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);
  if (!same(then.adapter, now.adapter)) {
    return `on another device (${then.adapter.description}; this is ${now.adapter.description})`;
  }
  if (then.deno !== now.deno) return `with Deno ${then.deno} (this is ${now.deno})`;
  return same(then.kernels, now.kernels) ? undefined : "with kernels of another version";
}

/**
 * Puts what people want of a checkpoint, the files of what was trained and trainer_state.json, into a stage's output,
 * beside the result proper. Costs no disk where links work.
 */
export async function publishCheckpoint(
  { step, dir }: Checkpoint,
  output: StageOutput,
  trained: readonly string[],
): Promise<void> {
  const to = output.volatile(`${checkpointName(step)}/`);
  await Deno.mkdir(to, { recursive: true });
  for (const name of [...trained, files.state]) {
    await Deno.link(join(dir, name), join(to, name)).catch(() => Deno.copyFile(join(dir, name), join(to, name)));
  }
}
