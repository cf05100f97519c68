import { join } from "@std/path";
import { writeAdapter } from "../../models/formats/adapter/adapter.ts";
import { configOfRecord } from "../../models/formats/config_record.ts";
import { LoraTrainer } from "../../models/training/trainer.ts";
import { defineStage, type OptionalInput, type Stage } from "../core/mod.ts";
import { adapter, type base, type tokens } from "./kinds.ts";
import { loadBaseInput } from "./load_base_input.ts";
import { readStartingAdapter } from "./training/starting_adapter.ts";
import { loraOf } from "./training/lora_options.ts";
import { inputs, params, settings, type TrainContext, type TrainParams } from "./training/training_params.ts";
import { foreseeMemory, type Method, runTraining } from "./training/training_run.ts";

export type { TrainParams } from "./training/training_params.ts";

/** Inputs of {@link train}. */
export interface TrainInputs {
  /** The frozen base. */
  readonly base: typeof base;
  /** The rows to learn. */
  readonly tokens: typeof tokens;
  /** An adapter to begin with, such as an earlier result or an {@link adapterFolder}; rank, alpha and targets must agree. */
  readonly resumeAdapter: OptionalInput<typeof adapter>;
}

/**
 * Trains a LoRA adapter on a frozen base. The result is the same to the byte on the same device and driver, also when
 * training was stopped in between: the same key goes on from its newest checkpoint. For all weights of a model instead of
 * an adapter (`method: "full"` in other tools) see {@link trainFull}.
 *
 * @example
 * ```ts
 * import { alpaca, merge, modelFolder, quantize, tokenize, train } from "vicuna";
 *
 * const base = quantize({ model: modelFolder("llama-7b-hf"), bits: 4 });
 * const tokens = tokenize({ data: merge({ sources: [alpaca("alpaca.json")] }), tokenizer: base.tokenizer });
 * const lora = { rank: 16, alpha: 32, targets: ["q_proj" as const, "v_proj" as const] };
 * const first = train({ base, tokens, lora, epochs: 1, batchSize: 64, learningRate: 2e-4 });
 * const further = train({ base, tokens, lora, epochs: 1, resumeAdapter: first }); // or adapterFolder("path/to/adapter")
 * ```
 */
export const train: Stage<{ readonly [N in keyof TrainInputs]: TrainInputs[N] }, TrainParams, typeof adapter> =
  defineStage({
    name: "train",
    version: 3,
    inputs,
    params,
    settings,
    output: adapter,
    verifies: ["base"],
    foresee({ inputs, params, settings }) {
      const { config: record, ...meta } = inputs.base.meta;
      const question = { ...params, ...settings, ...meta, ...(record && { config: configOfRecord(record) }) };
      return foreseeMemory(question, inputs.tokens.meta, params.microBatchSize);
    },
    async run(context) {
      const { steps, result } = await runTraining(context, methodOf(context));
      if (result.zeroB.length) context.log("warn", nothingLearnt(result.zeroB, steps));
      return { steps, parameters: result.parameters };
    },
  });

function methodOf({ inputs, params }: TrainContext): Method<LoraTrainer, { zeroB: string[]; parameters: number }> {
  const { meta, dir } = inputs.base;
  const config = configOfRecord(meta.config);
  const lora = loraOf(params.lora, config);
  return {
    model: { ...meta, config },
    lora,
    tokenizerDir: join(dir, "tokenizer"),
    optimizer: { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: params.weightDecay },
    takesUp: "resumeAdapter",
    async create(device, options) {
      const start = inputs.resumeAdapter && await readStartingAdapter(inputs.resumeAdapter.dir, lora, config);
      const base = await loadBaseInput(device, inputs.base);
      const trainer = new LoraTrainer(device, base, { ...options, lora, seed: params.seed });
      if (start) trainer.lora.load(start);
      return trainer;
    },
    async write(trainer, dir) {
      const tensors = await trainer.adapter();
      const { zeroB } = await writeAdapter(dir, { ...params.lora, baseModel: meta.name, tensors });
      return { zeroB, parameters: tensors.reduce((sum, { a, b }) => sum + a.length + b.length, 0) };
    },
    files: ["adapter_config.json", "adapter_model.safetensors"],
  };
}

function nothingLearnt(zeroB: readonly string[], steps: number): string {
  return `training left ${zeroB.length} matrices B at zero, the first ${
    zeroB[0]
  }: these projections are as in the base. ` +
    `After ${steps} steps that is so where the learning rate was 0 or the gradient vanished; take more steps, less ` +
    `warm-up or a higher learning rate`;
}
