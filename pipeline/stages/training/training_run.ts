// What every training does around its steps, whatever is trained: data, memory, device, checkpoints, reports.
import { BatchOrder } from "../../../datasets/tokens/batch_order.ts";
import { TokenReader } from "../../../datasets/tokens/token_reader.ts";
import { type Device, deviceName } from "../../../kernels/gpu/device.ts";
import { setSplitK } from "../../../kernels/product/split_k.ts";
import { checkDevice, describeDevice } from "../../../models/device_check.ts";
import type { LlamaConfig } from "../../../models/formats/config.ts";
import { useByteActivations } from "../../../models/training/byte_activations.ts";
import { paysToTune, tuneForTraining, type TuningShape } from "../../../models/training/product_tuning.ts";
import { warmupOf } from "../../../models/training/schedule.ts";
import type { StepTrainer, TrainerOptions } from "../../../models/training/trainer.ts";
import { type ForeseenInput, type MemoryUse, PipelineError } from "../../core/mod.ts";
import { checkpointName, Checkpoints } from "./checkpoints.ts";
import { answersInTraining } from "../evaluation/held_out.ts";
import type { BaseMeta, tokens } from "../kinds.ts";
import { checkTokens } from "../tokens/check_tokens.ts";
import { continueFrom, devicesOf, publishCheckpoint, restoreTrainer, writeCheckpoint } from "./training_checkpoint.ts";
import { explainFault } from "./training_fault.ts";
import { TrainingLog } from "./training_log.ts";
import { chooseStageDevice, openStageDevice } from "../stage_device.ts";
import { type MemoryQuestion, planMemory } from "./training_memory.ts";
import type { StepContext } from "./training_params.ts";
import { runSteps, type Training } from "./training_steps.ts";

/** What a kind of training brings to what all do. */
export interface Method<Trainer extends StepTrainer, Result> {
  readonly model: Pick<BaseMeta, "name" | "bits" | "vocabularySize"> & { readonly config: LlamaConfig };
  /** What is adapted, unless all weights are trained. */
  readonly lora?: MemoryQuestion["lora"];
  /** Folder of the model's tokenizer. */
  readonly tokenizerDir: string;
  /** AdamW's hyper-parameters. */
  readonly optimizer: TrainerOptions["optimizer"];
  /** The argument of the stage that takes up what an earlier training has given. */
  readonly takesUp: string;
  /** A trainer as it is before the first step. */
  create(device: Device, options: TrainerOptions): Promise<Trainer>;
  /** Writes what is trained, as it is now, in the form of a result. */
  write(trainer: Trainer, dir: string): Promise<Result>;
  /** Names of the files that `write` writes. */
  readonly files: readonly string[];
}

type Data = Pick<Training, "reader" | "validation" | "order" | "steps" | "budget"> & { readonly warmupSteps: number };

/** Counts the steps and says what is odd about them. */
function schedule({ inputs, params, log }: StepContext, reader: TokenReader, validation: TokenReader) {
  const { batchSize, epochs, seed, microBatchSize, earlyStopping } = params;
  const order = new BatchOrder({ rows: reader.rows, batchSize, epochs, seed });
  const steps = params.maxSteps || order.count.steps;
  const warmupSteps = warmupOf(params.warmupSteps, steps);
  if (warmupSteps !== params.warmupSteps) {
    log(
      "warn",
      `the warm-up is ${warmupSteps} steps instead of ${params.warmupSteps}: there are only ${steps} in all, which would ` +
        `all fall into it`,
    );
  }
  if (earlyStopping && validation.rows === 0) {
    throw new PipelineError("train: early stopping wants validation rows, found none: set some aside when merging");
  }
  return { order, steps, warmupSteps, budget: microBatchSize * inputs.tokens.meta.maxTokens };
}

/** Bytes meet bytes only. @throws {PipelineError} for a base that is known to have other bits */
function checkActivations(activations: MemoryQuestion["activations"], bits: MemoryQuestion["bits"] | undefined): void {
  if (activations === undefined || bits === undefined || bits === 8) return;
  throw new PipelineError(`train: ${activations} activations want a base of 8 bits, found ${bits}`, {
    kind: "options",
  });
}

/**
 * The memory that a training will take, if enough is known to tell.
 *
 * @throws {PipelineError} when it is known that the rows do not fit the model
 */
export async function foreseeMemory(
  question:
    & Omit<MemoryQuestion, "config" | "bits" | "tokens">
    & Partial<Pick<MemoryQuestion, "config" | "bits">>
    & Partial<Pick<BaseMeta, "name" | "vocabularySize">>
    & { readonly device: string },
  rows: ForeseenInput<typeof tokens>["meta"],
  microBatchSize: number,
): Promise<{ memory?: MemoryUse }> {
  const { config, bits, activations } = question;
  chooseStageDevice(question);
  checkActivations(activations, bits);
  checkTokens(question, rows);
  const { maxTokens, train, validation } = rows;
  if (config === undefined || bits === undefined || maxTokens === undefined) return {};
  const most = Math.max(train?.tokens ?? Infinity, validation?.tokens ?? 0);
  const use = (await planMemory({ ...question, config, bits, tokens: Math.min(microBatchSize * maxTokens, most) })).use;
  return { memory: use };
}

/** Trains: gives what `write` gave for the result, and the steps behind it. */
export async function runTraining<Trainer extends StepTrainer, Result>(
  context: StepContext,
  method: Method<Trainer, Result>,
): Promise<{ readonly steps: number; readonly result: Result }> {
  const { inputs, params, settings, scratch, log } = context;
  const { model, lora } = method;
  chooseStageDevice(settings);
  checkTokens(model, inputs.tokens.meta);
  checkActivations(params.activations, model.bits);
  using reader = new TokenReader(inputs.tokens.dir, "train", model.vocabularySize);
  using validation = new TokenReader(inputs.tokens.dir, "validation", model.vocabularySize);
  const data = { reader, validation, ...schedule(context, reader, validation) };
  const tokens = Math.min(data.budget, Math.max(reader.tokens, validation.tokens));
  const memory = await planMemory({ ...params, ...settings, ...model, ...(lora && { lora }), tokens });
  context.memory(memory.use);
  const checkpoints = new Checkpoints(scratch, settings.saveTotalLimit);
  const device = await openStageDevice(context);
  try {
    const { headRows, maxGradientNorm, splitK, activations } = params;
    if (splitK !== undefined) setSplitK(device, splitK);
    const { keptLayers } = memory.plan;
    const create = () =>
      method.create(device, { tokens, keptLayers, headRows, maxGradientNorm, optimizer: method.optimizer });
    const { config, bits } = model;
    // Embedding and head stay in int8 where the rest has 4 bits.
    const use = {
      headSizes: [config.headSize],
      bits: bits === 4 ? [4, 8] as const : [bits],
      ...(splitK && { splitK }),
      ...(activations && { activations }),
    };
    if (await checkDevice(device, context.notes, use) === "checked") {
      log("info", `the kernels compute right on ${device.info.description}`);
    }
    using _activations = activations && useByteActivations(device, config, tokens);
    await tune(device, context, { ...model, tokens, headRows }, data);
    return await trainOn(device, context, method, data, checkpoints, create);
  } catch (error) {
    const { newest } = checkpoints;
    if (newest) log("info", `${newest.dir} is kept: the same command goes on from there`);
    throw await explainFault(error, device, memory, method.takesUp);
  } finally {
    device.close();
  }
}

/** Lets a training that is long enough take the quickest kernels; they change no bit of the result. */
async function tune(
  device: Device,
  context: StepContext,
  shape: TuningShape,
  { reader, order, steps }: Data,
): Promise<void> {
  const { settings, notes, signal, log } = context;
  const tokensInAll = steps / order.count.stepsPerEpoch * reader.tokens;
  if (!settings.autotune || !paysToTune(shape.config, tokensInAll)) return;
  const measured = await tuneForTraining(device, shape, { folder: notes, signal });
  if (measured > 0) log("info", `measured the quickest products for ${measured} classes of shapes`);
}

async function trainOn<Trainer extends StepTrainer, Result>(
  device: Device,
  context: StepContext,
  method: Method<Trainer, Result>,
  data: Data,
  checkpoints: Checkpoints,
  create: () => Promise<Trainer>,
): Promise<{ readonly steps: number; readonly result: Result }> {
  const { inputs, params, settings, output, progress, log, signal } = context;
  const { earlyStopping } = params;
  const trainer = await create();
  const described = await describeDevice(device);
  const found = await checkpoints.open(earlyStopping !== undefined, (message) => log("warn", message));
  const devices = new Set([...found ? await devicesOf(found) : [], deviceName(device.info)]);
  for (const name of devices) context.device(name);
  const snapshot = found && await continueFrom(found, trainer, described, log);
  const length = { steps: data.steps, stepsPerEpoch: data.order.count.stepsPerEpoch, epochs: params.epochs };
  const history = new TrainingLog(output.volatile("trainer_log.jsonl"), length, snapshot);
  const write = async (dir: string) => void await method.write(trainer, dir);
  const training: Training = {
    ...{ ...data, trainer, history, progress, signal },
    save: (step) =>
      checkpoints.save(
        step,
        history.best?.step,
        (dir) => writeCheckpoint(dir, { trainer, write, history, device: described, devices: [...devices], step }),
      ),
    answer: async () => {
      const answers = await answersInTraining(trainer, inputs.tokens, method.tokenizerDir, signal);
      for (const { instruction, answer } of answers) log("info", `${instruction} -> ${answer}`);
      return answers;
    },
  };
  const looks = earlyStopping && { evalSteps: earlyStopping.everySteps, patience: earlyStopping.patience };
  const taken = await runSteps(
    training,
    { ...params, ...settings, ...looks, warmupSteps: data.warmupSteps },
    found?.step ?? 0,
  );
  const weightsOf = earlyStopping && history.best ? history.best.step : taken;
  if (weightsOf !== taken) {
    await restoreTrainer(trainer, await checkpoints.get(weightsOf));
    log("info", `ended after ${taken} steps with the weights of step ${weightsOf}, whose eval_loss was the lowest`);
  }
  const result = await method.write(trainer, output.dir);
  trainer.close();
  await writeReports(context, checkpoints, history, taken, method.files);
  return { steps: weightsOf, result };
}

/** Writes how training went beside the result, and what was trained in the checkpoints that were kept. */
async function writeReports(
  { output, log }: StepContext,
  checkpoints: Checkpoints,
  history: TrainingLog,
  taken: number,
  files: readonly string[],
): Promise<void> {
  const kept = await checkpoints.kept(history.best?.step);
  for (const checkpoint of kept) await publishCheckpoint(checkpoint, output, files);
  const best = kept.find(({ step }) => step === history.best?.step);
  const state = history.state(taken, best ? checkpointName(best.step) : null);
  await Deno.writeTextFile(output.volatile("trainer_state.json"), state);
  await Deno.writeTextFile(output.volatile("loss_curve.svg"), history.chart());
  log("info", history.summary());
}
