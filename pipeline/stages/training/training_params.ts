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
    zh: "训练轮数",
    aliases: ["num_epochs", "num_train_epochs"],
  }),
  maxSteps: z.number().int().min(0).default(0).describe("optimizer steps instead of whole epochs; 0: by epochs").meta({
    zh: "以优化步数代替轮数；0 表示按轮数",
  }),
  batchSize: z.number().int().min(1).default(128).describe("rows of an optimizer step").meta({
    zh: "每个优化步的行数",
  }),
  microBatchSize: z.number().int().min(1).default(4).describe(
    "a micro-batch holds as many tokens as so many full rows; lower it to save memory",
  ).meta({ zh: "微批可容纳的满长行数；调低可节省显存" }),
  learningRate: z.number().positive().default(3e-4).describe("highest learning rate").meta({ zh: "最高学习率" }),
  warmupSteps: z.number().int().min(0).default(100).describe("steps over which the learning rate rises").meta({
    zh: "学习率预热步数",
  }),
  schedule: z.enum(SCHEDULES).default("linear").describe("how the learning rate falls after warm-up").meta({
    zh: "预热之后学习率的下降方式",
  }),
  minimumRatio: z.number().min(0).max(1).default(0).describe("share of the learning rate that a cosine ends at").meta({
    zh: "余弦下降终点占最高学习率的比例",
  }),
  weightDecay: z.number().min(0).default(0).describe("AdamW's weight decay").meta({ zh: "AdamW 的权重衰减" }),
  maxGradientNorm: z.number().positive().default(1).describe("gradients are clipped to this norm").meta({
    zh: "梯度裁剪的范数上限",
  }),
  seed: z.number().int().min(0).max(0x7fffffff).default(42).describe("seed of A, of dropout and of the order of rows")
    .meta({ zh: "随机种子" }),
};

/** What does not decide them, and stays out of the key. */
export const trainSettings = {
  gpuMemory: z.number().min(0).default(0).describe(
    "GB of GPU memory to use; 0: what the card is found to have, or a software driver has free",
  ).meta({ zh: "可用显存（GB）；0 表示按显卡的实际显存，或软件驱动的空闲内存" }),
  autotune: z.boolean().default(true).describe(
    "take the default kernels instead of measuring, for about ten seconds before a long training, which are quickest",
  ).meta({ zh: "直接使用默认内核，不在长时间训练前用约十秒实测哪些最快" }),
  logSteps: z.number().int().min(1).max(200).default(20).describe("steps between two lines of the log").meta({
    zh: "日志间隔步数",
    aliases: ["logging_steps"],
  }),
  evalSteps: z.number().int().min(0).default(200).describe("steps between two validations; 0 for none").meta({
    zh: "验证间隔步数；0 表示不验证",
  }),
  saveSteps: z.number().int().min(1).default(200).describe(
    "steps between two checkpoints, from which the same command goes on",
  ).meta({ zh: "检查点间隔步数；中断后同一命令由此继续" }),
  saveTotalLimit: z.number().int().min(1).default(3).describe("newest checkpoints to keep, besides the best").meta({
    zh: "保留的最新检查点数（最佳的另外保留）",
  }),
  sampleSteps: z.number().int().min(0).default(0).describe(
    "steps between two answers to held-out instructions while training; 0 for none",
  ).meta({ zh: "训练中试答留出指令的间隔步数；0 表示不试答" }),
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
    readonly params: Omit<z.output<typeof params>, "lora">;
  };
