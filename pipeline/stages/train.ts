import { BatchOrder } from "../../datasets/batch_order.ts";
import { TokenReader } from "../../datasets/token_reader.ts";
import { openDevice } from "../../kernels/device.ts";
import { LORA_TARGETS, type LoraTarget, writeAdapter } from "../../models/formats/adapter.ts";
import { Trainer } from "../../models/trainer.ts";
import { defaultHeadRows } from "../../models/workspace_layout.ts";
import { defineStage, PipelineError, type Stage, z } from "../core/mod.ts";
import { adapter, base, tokens } from "./kinds.ts";
import { loadBaseInput } from "./load_base_input.ts";
import { checkTokens } from "./loss.ts";
import { TrainingLog } from "./training_log.ts";
import { loraOf, planMemory } from "./training_memory.ts";
import { runSteps } from "./training_steps.ts";

const loraParams = z.object({
  rank: z.number().int().min(1).max(256).default(8).describe("rank R of A and B"),
  alpha: z.number().positive().default(16).describe("the adapter's output is scaled by alpha / rank"),
  dropout: z.number().min(0).lt(1).default(0.05).describe("share of A's inputs dropped in training"),
  targets: z.array(z.enum(LORA_TARGETS)).min(1).default(["q_proj", "v_proj"]).describe("projections to adapt"),
  layers: z.number().int().min(0).default(0).describe("adapt only so many layers, the highest; 0: all"),
});

const params = z.object({
  lora: loraParams.prefault({}),
  epochs: z.number().positive().default(3).describe("passes over the training rows"),
  maxSteps: z.number().int().min(0).default(0).describe(
    "optimizer steps to take instead of whole epochs; 0: by epochs",
  ),
  batchSize: z.number().int().min(1).default(128).describe("rows of an optimizer step"),
  microBatchSize: z.number().int().min(1).default(4).describe(
    "a micro-batch holds as many tokens as so many longest rows",
  ),
  headRows: z.number().int().min(64).multipleOf(64).default(defaultHeadRows).describe(
    "labelled tokens whose logits exist at once",
  ),
  learningRate: z.number().positive().default(3e-4).describe("highest learning rate"),
  warmupSteps: z.number().int().min(0).default(100).describe("steps over which the learning rate rises from 0"),
  weightDecay: z.number().min(0).default(0).describe("AdamW's weight decay"),
  maxGradientNorm: z.number().positive().default(1).describe("gradients are clipped to this norm"),
  seed: z.number().int().min(0).max(0x7fffffff).default(42).describe("seed of A, of dropout and of the order of rows"),
});

const settings = z.object({
  logSteps: z.number().int().min(1).max(200).default(20).describe("steps between two lines of the log"),
  evalSteps: z.number().int().min(0).default(200).describe("steps between two validations; 0 for none"),
  gpuMemory: z.number().min(0).default(0).describe(
    "GB of GPU memory to use; 0: 7.4, or what a software driver has free",
  ),
});

/** Params and settings of {@link train}. All have the defaults of Chinese-Vicuna. */
export interface TrainParams {
  /** What LoRA adapts: rank 8, alpha 16, dropout 0.05, q_proj and v_proj. */
  readonly lora?: {
    readonly rank?: number;
    readonly alpha?: number;
    readonly dropout?: number;
    readonly targets?: LoraTarget[];
    /** Adapt only so many layers, the highest; 0 for all. */
    readonly layers?: number;
  };
  /** Passes over the training rows; 3. */
  readonly epochs?: number;
  /** Optimizer steps to take instead of whole epochs; 0 for by epochs. */
  readonly maxSteps?: number;
  /** Rows of an optimizer step; 128. */
  readonly batchSize?: number;
  /** A micro-batch holds as many tokens as so many rows of maxTokens; 4. */
  readonly microBatchSize?: number;
  /** Labelled tokens whose logits exist at once, a multiple of 64; 128. */
  readonly headRows?: number;
  /** Highest learning rate; 3e-4. */
  readonly learningRate?: number;
  /** Steps over which the learning rate rises from 0; 100. */
  readonly warmupSteps?: number;
  /** AdamW's weight decay; 0. */
  readonly weightDecay?: number;
  /** Gradients are clipped to this norm; 1. */
  readonly maxGradientNorm?: number;
  /** Seed of A, of dropout and of the order of rows; 42. */
  readonly seed?: number;
  /** Steps between two lines of the log; 20. Does not change the result. */
  readonly logSteps?: number;
  /** Steps between two validations, 0 for none; 200. Does not change the result. */
  readonly evalSteps?: number;
  /** GB (10⁹ bytes) of GPU memory to use; 0 for 7.4, or what a software driver has free. Does not change the result. */
  readonly gpuMemory?: number;
}

/** Trains a LoRA adapter on a frozen base. The result is the same to the byte on the same device and driver. */
export const train: Stage<{ readonly base: typeof base; readonly tokens: typeof tokens }, TrainParams, typeof adapter> =
  defineStage({
    name: "train",
    version: 2,
    inputs: { base, tokens },
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
    async run({ inputs, params, settings, output, progress, log, memory, device: report, signal }) {
      checkTokens(inputs.base.meta, inputs.tokens.meta);
      using reader = new TokenReader(inputs.tokens.dir, "train", inputs.base.meta.vocabularySize);
      using validation = new TokenReader(inputs.tokens.dir, "validation", inputs.base.meta.vocabularySize);
      const { batchSize, epochs, seed, microBatchSize, warmupSteps } = params;
      const order = new BatchOrder({ rows: reader.rows, batchSize, epochs, seed });
      const steps = params.maxSteps || order.count.steps;
      const budget = microBatchSize * inputs.tokens.meta.maxTokens;
      if (warmupSteps >= steps) {
        log(
          "warn",
          `all ${steps} steps fall into the ${warmupSteps} warm-up steps, so the learning rate never reaches its peak: take more steps or less warm-up`,
        );
      }

      const { config, bits } = inputs.base.meta;
      const tokens = Math.min(budget, Math.max(reader.tokens, validation.tokens));
      const { plan, use } = await planMemory({ ...params, ...settings, config, bits, tokens });
      memory(use);
      const device = await openDevice();
      report(device.info.description);
      try {
        const trainer = new Trainer(device, await loadBaseInput(device, inputs.base), {
          lora: loraOf(params.lora, config),
          tokens,
          headRows: params.headRows,
          keptLayers: plan.keptLayers,
          seed,
          optimizer: { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: params.weightDecay },
          maxGradientNorm: params.maxGradientNorm,
        });
        const history = new TrainingLog(output.volatile("trainer_log.jsonl"), steps, order.count.stepsPerEpoch);
        await runSteps({ trainer, reader, validation, order, steps, budget, history, progress, signal }, {
          ...params,
          ...settings,
        });
        const tensors = await trainer.adapter();
        const { zeroB } = await writeAdapter(output.dir, { ...params.lora, baseModel: inputs.base.meta.name, tensors });
        if (zeroB.length) {
          throw new PipelineError(
            `training left ${zeroB.length} matrices B at zero, the first ${
              zeroB[0]
            }: nothing was learnt; take more steps or a higher learning rate`,
          );
        }
        await history.finish(output.volatile("trainer_state.json"), output.volatile("loss_curve.svg"), epochs);
        log("info", history.summary());
        trainer.close();
        return { steps, parameters: tensors.reduce((sum, { a, b }) => sum + a.length + b.length, 0) };
      } finally {
        device.close();
      }
    },
  });
