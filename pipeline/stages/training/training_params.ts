import { SPLIT_K } from "../../../kernels/product/split_k.ts";
import { ACTIVATIONS } from "../../../models/training/byte_activations.ts";
import { defaultHeadRows } from "../../../models/training/workspace_layout.ts";
import { SCHEDULES } from "../../../models/training/schedule.ts";
import { optional, type StageContext, type StageInput, z } from "../../core/mod.ts";
import { earlyStoppingParam } from "./early_stopping.ts";
import { adapter, base, tokens } from "../kinds.ts";
import { loraParams } from "./lora_options.ts";
import { deviceSettings } from "../stage_device.ts";

/** What decides the steps of a training, with Chinese-Vicuna's defaults. Every recipe that trains offers what stands here. */
export const trainOptions = {
  epochs: z.number().positive().default(3).describe("passes over the training rows").meta({
    aliases: ["num_epochs", "num_train_epochs"],
  }),
  maxSteps: z.number().int().min(0).default(0).describe("optimizer steps instead of whole epochs; 0: by epochs"),
  batchSize: z.number().int().min(1).default(128).describe("rows of an optimizer step"),
  microBatchSize: z.number().int().min(1).default(4).describe(
    "a micro-batch holds as many tokens as so many full rows; lower it to save memory",
  ),
  learningRate: z.number().positive().default(3e-4).describe("highest learning rate"),
  warmupSteps: z.number().int().min(0).default(100).describe("steps over which the learning rate rises"),
  schedule: z.enum(SCHEDULES).default("linear").describe("how the learning rate falls after warm-up"),
  minimumRatio: z.number().min(0).max(1).default(0).describe("share of the learning rate that a cosine ends at"),
  weightDecay: z.number().min(0).default(0).describe("AdamW's weight decay"),
  maxGradientNorm: z.number().positive().default(1).describe("gradients are clipped to this norm"),
  splitK: z.literal(SPLIT_K).optional().describe(
    "cut the sums of products into so many slices: fills a large graphics card when micro-batches are small; changes last bits",
  ),
  activations: z.literal(ACTIVATIONS).optional().describe(
    "round activations to 8 bits before they meet the weights of an 8-bit base, forward: quicker on most graphics cards, less exact",
  ),
  seed: z.number().int().min(0).max(0x7fffffff).default(42).describe("seed of A, of dropout and of the order of rows"),
};

/** What does not decide them, and stays out of the key. */
export const trainSettings = {
  gpuMemory: z.number().min(0).default(0).describe(
    "GB of GPU memory to use; 0: what the card is found to have, or a software driver has free",
  ),
  autotune: z.boolean().default(true).describe(
    "take the default kernels instead of measuring, for about ten seconds before a long training, which are quickest",
  ),
  logSteps: z.number().int().min(1).max(200).default(20).describe("steps between two lines of the log").meta({
    aliases: ["logging_steps"],
  }),
  evalSteps: z.number().int().min(0).default(200).describe("steps between two validations; 0 for none"),
  saveSteps: z.number().int().min(1).default(200).describe(
    "steps between two checkpoints, from which the same command goes on",
  ),
  saveTotalLimit: z.number().int().min(1).default(3).describe("newest checkpoints to keep, besides the best"),
  sampleSteps: z.number().int().min(0).default(0).describe(
    "steps between two answers to held-out instructions while training; 0 for none",
  ),
};

/** What decides the steps of any training, and is no flag as it stands. */
export const stepParams = {
  headRows: z.number().int().min(64).multipleOf(64).default(defaultHeadRows).describe(
    "labelled tokens whose logits exist at once",
  ),
  earlyStopping: earlyStoppingParam,
};

/** What decides the result of training an adapter. */
export const params = z.object({ lora: loraParams.prefault({}), ...trainOptions, ...stepParams });

/** What does not. */
export const settings = z.object({ ...trainSettings, ...deviceSettings });

/** What a training reads. */
export const inputs = { base, tokens, resumeAdapter: optional(adapter) };

/** Params and settings of {@link train}. */
export type TrainParams = z.input<typeof params> & z.input<typeof settings>;

/** What a running training of an adapter is given. */
export type TrainContext = StageContext<typeof inputs, z.output<typeof params>, z.output<typeof settings>>;

/** What any running training is given, whatever its model is. */
export type StepContext =
  & Omit<TrainContext, "inputs" | "params">
  & {
    readonly inputs: { readonly tokens: StageInput<typeof tokens> };
    readonly params:
      & Omit<z.output<typeof params>, "lora" | "activations">
      & Partial<Pick<z.output<typeof params>, "activations">>;
  };
