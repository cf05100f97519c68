import { defaultHeadRows } from "../../models/workspace_layout.ts";
import { type ScheduleName, SCHEDULES } from "../../models/schedule.ts";
import { LORA_TARGETS, type LoraTarget } from "../../models/formats/lora_names.ts";
import { optional, type StageContext, type StageInput, z } from "../core/mod.ts";
import { adapter, base, tokens } from "./kinds.ts";
import { deviceSettings } from "./stage_device.ts";

const loraParams = z.object({
  rank: z.number().int().min(1).max(256).default(8).describe("rank R of A and B"),
  alpha: z.number().positive().default(16).describe("the adapter's output is scaled by alpha / rank"),
  dropout: z.number().min(0).lt(1).default(0.05).describe("share of A's inputs dropped in training"),
  targets: z.array(z.enum(LORA_TARGETS)).min(1).default(["q_proj", "v_proj"]).describe("projections to adapt"),
  layers: z.number().int().min(0).default(0).describe("adapt only so many layers, the highest; 0: all"),
});

/** What decides the steps of a training, whatever is trained. */
export const stepParams = {
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
  warmupSteps: z.number().int().min(0).default(100).describe("steps over which the learning rate rises from 0"),
  maxGradientNorm: z.number().positive().default(1).describe("gradients are clipped to this norm"),
  seed: z.number().int().min(0).max(0x7fffffff).default(42).describe("seed of A, of dropout and of the order of rows"),
  earlyStopping: z.object({
    patience: z.number().int().min(1).describe("validations without a lower loss after which training ends"),
    everySteps: z.number().int().min(1).describe("steps between two validations"),
  }).optional().describe("end when the validation loss no longer falls, and take the weights that had the lowest"),
};

/** The learning rate and what holds the weights back; each kind of training has its own defaults. */
export const rateParams = {
  learningRate: z.number().positive().describe("highest learning rate"),
  schedule: z.enum(SCHEDULES).describe("how the learning rate falls after warm-up"),
  minimumRatio: z.number().min(0).max(1).describe("share of the highest learning rate that a cosine ends at"),
  weightDecay: z.number().min(0).describe("AdamW's weight decay; not for the weights of norms"),
};

/** What decides the result of training an adapter. */
export const params = z.object({
  lora: loraParams.prefault({}),
  ...stepParams,
  learningRate: rateParams.learningRate.default(3e-4),
  schedule: rateParams.schedule.default("linear"),
  minimumRatio: rateParams.minimumRatio.default(0),
  weightDecay: rateParams.weightDecay.default(0),
});

/** What does not. */
export const settings = z.object({
  logSteps: z.number().int().min(1).max(200).default(20).describe("steps between two lines of the log"),
  evalSteps: z.number().int().min(0).default(200).describe("steps between two validations; 0 for none"),
  saveSteps: z.number().int().min(1).default(200).describe("steps between two checkpoints"),
  saveTotalLimit: z.number().int().min(1).default(3).describe("newest checkpoints to keep; the best is kept besides"),
  gpuMemory: z.number().min(0).default(0).describe(
    "GB of GPU memory to use; 0: what the card is found to have, or a software driver has free",
  ),
  autotune: z.boolean().default(true).describe("measure which kernels are quickest before a long training"),
  sampleSteps: z.number().int().min(0).default(0).describe("steps between two answers to held-out rows; 0 for none"),
  ...deviceSettings,
});

/** What a training reads. */
export const inputs = { base, tokens, resumeAdapter: optional(adapter) };

/** Params and settings of any training. */
export interface StepParams {
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
  /** Steps over which the learning rate rises from 0; 100. */
  readonly warmupSteps?: number;
  /** Gradients are clipped to this norm; 1. */
  readonly maxGradientNorm?: number;
  /** Seed of A, of dropout and of the order of rows; 42. */
  readonly seed?: number;
  /** Steps between two lines of the log; 20. Does not change the result. */
  readonly logSteps?: number;
  /** Steps between two validations, 0 for none; 200. Does not change the result; early stopping has its own. */
  readonly evalSteps?: number;
  /** Steps between two checkpoints, from which an interrupted training goes on; 200. Does not change the result. */
  readonly saveSteps?: number;
  /** Newest checkpoints to keep; the best is kept besides. 3. Does not change the result. */
  readonly saveTotalLimit?: number;
  /** Steps between two answers to held-out instructions, 0 for none; 0. Does not change the result. */
  readonly sampleSteps?: number;
  /** Device to compute on where there are several, by number or name; the machine's preferred. Does not enter the key. */
  readonly device?: string;
  /** Measure which kernels are quickest before a long training, once a device; true. Does not change the result. */
  readonly autotune?: boolean;
  /** GB (10⁹ bytes) of GPU memory to use; 0 for 7.4, or what a software driver has free. Does not change the result. */
  readonly gpuMemory?: number;
  /** Ends when the validation loss no longer falls, and takes the weights that had the lowest. */
  readonly earlyStopping?: {
    /** Validations without a lower loss after which training ends. */
    readonly patience: number;
    /** Steps between two validations; evalSteps does not count then. */
    readonly everySteps: number;
  } | undefined;
}

/** Params and settings of the stage `train`. All have the defaults of Chinese-Vicuna. */
export interface TrainParams extends StepParams {
  /** What LoRA adapts: rank 8, alpha 16, dropout 0.05, q_proj and v_proj. */
  readonly lora?: {
    readonly rank?: number;
    readonly alpha?: number;
    readonly dropout?: number;
    readonly targets?: LoraTarget[];
    /** Adapt only so many layers, the highest; 0 for all. */
    readonly layers?: number;
  };
  /** Highest learning rate; 3e-4. */
  readonly learningRate?: number;
  /** How it falls after warm-up: in a line to 0, or along half a cosine; "linear". */
  readonly schedule?: ScheduleName;
  /** Share of the highest learning rate that a cosine ends at; 0. */
  readonly minimumRatio?: number;
  /** AdamW's weight decay; 0. */
  readonly weightDecay?: number;
}

/** What a running training of an adapter is given. */
export type TrainContext = StageContext<typeof inputs, z.output<typeof params>, z.output<typeof settings>>;

/** What any running training is given, whatever its model is. */
export type StepContext =
  & Omit<TrainContext, "inputs" | "params">
  & {
    readonly inputs: { readonly tokens: StageInput<typeof tokens> };
    readonly params: Omit<z.output<typeof params>, "lora">;
  };
