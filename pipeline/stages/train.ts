import { BatchOrder } from "../../datasets/batch_order.ts";
import { TokenReader } from "../../datasets/token_reader.ts";
import { type Device, openDevice } from "../../kernels/device.ts";
import { checkDevice, describeDevice } from "../../models/device_check.ts";
import { writeAdapter } from "../../models/formats/adapter.ts";
import { Trainer } from "../../models/trainer.ts";
import { defineStage, type OptionalInput, PipelineError, type Stage } from "../core/mod.ts";
import { checkpointName, Checkpoints } from "./checkpoints.ts";
import { answersInTraining } from "./held_out.ts";
import { adapter, type AdapterMeta, base, tokens } from "./kinds.ts";
import { loadBaseInput } from "./load_base_input.ts";
import { checkTokens } from "./loss.ts";
import { readStartingAdapter } from "./starting_adapter.ts";
import { continueFrom, publishCheckpoint, restoreTrainer, writeCheckpoint } from "./training_checkpoint.ts";
import { explainFault } from "./training_fault.ts";
import { TrainingLog } from "./training_log.ts";
import { loraOf, planMemory } from "./training_memory.ts";
import { inputs, params, settings, type TrainContext, type TrainParams } from "./training_params.ts";
import { runSteps, type Training } from "./training_steps.ts";

export type { TrainParams } from "./training_params.ts";

/** Inputs of {@link train}. */
export interface TrainInputs {
  readonly base: typeof base;
  readonly tokens: typeof tokens;
  /** An adapter to begin with, such as an earlier result or an {@link adapterFolder}; rank, alpha and targets must agree. */
  readonly resumeAdapter: OptionalInput<typeof adapter>;
}

/**
 * Trains a LoRA adapter on a frozen base. The result is the same to the byte on the same device and driver, also when
 * training was stopped in between: the same key goes on from its newest checkpoint.
 */
export const train: Stage<{ readonly [N in keyof TrainInputs]: TrainInputs[N] }, TrainParams, typeof adapter> =
  defineStage({
    name: "train",
    version: 2,
    inputs,
    params,
    settings,
    output: adapter,
    verifies: ["base"],
    async foresee({ inputs, params, settings }) {
      const { config, bits } = inputs.base.meta;
      const { maxTokens, train, validation } = inputs.tokens.meta;
      if (config === undefined || bits === undefined || maxTokens === undefined) return {};
      const most = Math.max(train?.tokens ?? Infinity, validation?.tokens ?? 0);
      const tokens = Math.min(params.microBatchSize * maxTokens, most);
      return { memory: (await planMemory({ ...params, ...settings, config, bits, tokens })).use };
    },
    async run(context) {
      const { inputs, params, settings, scratch, log } = context;
      checkTokens(inputs.base.meta, inputs.tokens.meta);
      using reader = new TokenReader(inputs.tokens.dir, "train", inputs.base.meta.vocabularySize);
      using validation = new TokenReader(inputs.tokens.dir, "validation", inputs.base.meta.vocabularySize);
      const data = { reader, validation, ...schedule(context, reader, validation) };
      const { config, bits } = inputs.base.meta;
      const tokens = Math.min(data.budget, Math.max(reader.tokens, validation.tokens));
      const { plan, use } = await planMemory({ ...params, ...settings, config, bits, tokens });
      context.memory(use);
      const checkpoints = new Checkpoints(scratch, settings.saveTotalLimit);
      const device = await openDevice();
      context.device(device.info.description);
      try {
        const create = () => createTrainer(device, context, { tokens, keptLayers: plan.keptLayers });
        return await trainOn(device, context, data, checkpoints, create);
      } catch (error) {
        const { newest } = checkpoints;
        if (newest) log("info", `${newest.dir} is kept: the same command goes on from there`);
        throw await explainFault(error, device, params.microBatchSize);
      } finally {
        device.close();
      }
    },
  });

type Data = Pick<Training, "reader" | "validation" | "order" | "steps" | "budget">;

/** Counts the steps and says what is odd about them. */
function schedule({ inputs, params, log }: TrainContext, reader: TokenReader, validation: TokenReader) {
  const { batchSize, epochs, seed, microBatchSize, warmupSteps, earlyStopping } = params;
  const order = new BatchOrder({ rows: reader.rows, batchSize, epochs, seed });
  const steps = params.maxSteps || order.count.steps;
  if (warmupSteps >= steps) {
    log(
      "warn",
      `all ${steps} steps fall into the ${warmupSteps} warm-up steps, so the learning rate never reaches its peak: take more steps or less warm-up`,
    );
  }
  if (earlyStopping && validation.rows === 0) {
    throw new PipelineError("train: early stopping wants validation rows, found none: set some aside when merging");
  }
  return { order, steps, budget: microBatchSize * inputs.tokens.meta.maxTokens };
}

/** A trainer as it is before the first step. */
async function createTrainer(
  device: Device,
  { inputs, params }: TrainContext,
  memory: { tokens: number; keptLayers: number },
): Promise<Trainer> {
  const lora = loraOf(params.lora, inputs.base.meta.config);
  const start = inputs.resumeAdapter && await readStartingAdapter(inputs.resumeAdapter.dir, lora);
  const trainer = new Trainer(device, await loadBaseInput(device, inputs.base), {
    ...memory,
    lora,
    headRows: params.headRows,
    seed: params.seed,
    optimizer: { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: params.weightDecay },
    maxGradientNorm: params.maxGradientNorm,
  });
  if (start) trainer.lora.load(start);
  return trainer;
}

async function trainOn(
  device: Device,
  context: TrainContext,
  data: Data,
  checkpoints: Checkpoints,
  create: () => Promise<Trainer>,
): Promise<AdapterMeta> {
  const { inputs, params, settings, output, progress, log, signal, notes } = context;
  const { earlyStopping } = params;
  if (await checkDevice(device, notes) === "checked") {
    log("info", `the kernels compute right on ${device.info.description}`);
  }
  const trainer = await create();
  const described = await describeDevice(device);
  const found = await checkpoints.open(earlyStopping !== undefined, (message) => log("warn", message));
  const snapshot = found && await continueFrom(found, trainer, described, log);
  const length = { steps: data.steps, stepsPerEpoch: data.order.count.stepsPerEpoch, epochs: params.epochs };
  const history = new TrainingLog(output.volatile("trainer_log.jsonl"), length, snapshot);
  const adapter = { ...params.lora, baseModel: inputs.base.meta.name };
  const training: Training = {
    ...{ ...data, trainer, history, progress, signal },
    save: (step) =>
      checkpoints.save(
        step,
        history.best?.step,
        (dir) => writeCheckpoint(dir, { trainer, adapter, history, device: described, step }),
      ),
    answer: async () => {
      const answers = await answersInTraining(trainer, inputs, signal);
      for (const { instruction, answer } of answers) log("info", `${instruction} -> ${answer}`);
      return answers;
    },
  };
  const looks = earlyStopping && { evalSteps: earlyStopping.everySteps, patience: earlyStopping.patience };
  const taken = await runSteps(training, { ...params, ...settings, ...looks }, found?.step ?? 0);
  const weightsOf = earlyStopping && history.best ? history.best.step : taken;
  if (weightsOf !== taken) {
    await restoreTrainer(trainer, await checkpoints.get(weightsOf));
    log("info", `ended after ${taken} steps with the weights of step ${weightsOf}, whose eval_loss was the lowest`);
  }
  const tensors = await trainer.adapter();
  trainer.close();
  const { zeroB } = await writeAdapter(output.dir, { ...adapter, tensors });
  if (zeroB.length) throw nothingLearnt(zeroB);
  await writeReports(context, checkpoints, history, taken);
  return { steps: weightsOf, parameters: tensors.reduce((sum, { a, b }) => sum + a.length + b.length, 0) };
}

function nothingLearnt(zeroB: readonly string[]): PipelineError {
  return new PipelineError(
    `training left ${zeroB.length} matrices B at zero, the first ${
      zeroB[0]
    }: nothing was learnt; take more steps or a higher learning rate`,
  );
}

/** Writes how training went beside the adapter, and the adapters of the checkpoints that were kept. */
async function writeReports(
  { output, log }: TrainContext,
  checkpoints: Checkpoints,
  history: TrainingLog,
  taken: number,
): Promise<void> {
  const kept = await checkpoints.kept(history.best?.step);
  for (const checkpoint of kept) await publishCheckpoint(checkpoint, output);
  const best = kept.find(({ step }) => step === history.best?.step);
  const state = history.state(taken, best ? checkpointName(best.step) : null);
  await Deno.writeTextFile(output.volatile("trainer_state.json"), state);
  await Deno.writeTextFile(output.volatile("loss_curve.svg"), history.chart());
  log("info", history.summary());
}
