import type { Device } from "../../kernels/gpu/device.ts";
import { baseTensors, type BaseWeights } from "../base_weights.ts";
import type { MicroBatch } from "./batch.ts";
import type { FloatDtype } from "../formats/dtype.ts";
import { FullWeights } from "./full_weights.ts";
import { readBaseTensor, writeModelWeights } from "../model_folder.ts";
import type { Pass } from "./pass.ts";
import { StepTrainer, type TrainerOptions } from "./trainer.ts";
import type { NamedTensor } from "./training_state.ts";
import { defaultHeadRows, fullTrainingWorkspace } from "./workspace_layout.ts";

/** Trains all weights of a float32 network, in place. Weight decay applies to matrices only, not to the norms' weights. */
export class FullTrainer extends StepTrainer {
  override readonly lora = undefined;
  readonly #weights: FullWeights;

  /** @param base a float32 network (model_folder.ts), which training changes */
  constructor(device: Device, base: BaseWeights, options: TrainerOptions) {
    const weights = new FullWeights(device, base, options.tokens);
    const { tokens, headRows = defaultHeadRows, keptLayers = base.config.layers } = options;
    super(device, base, options, weights.trained, fullTrainingWorkspace({ tokens, headRows, keptLayers }));
    this.#weights = weights;
  }

  protected override extras({ ids }: MicroBatch): Pick<Pass, "full"> {
    const { gradients, partials } = this.#weights;
    return { full: { gradients, partials, tokens: this.#weights.uploadTokens(ids) } };
  }

  protected override state(): NamedTensor[] {
    return this.#weights.state();
  }

  /** Writes the weights as they are now to `directory`/model.safetensors. */
  async write(directory: string, dtype: FloatDtype): Promise<void> {
    this.flush();
    await writeModelWeights(this.device, this.base, directory, dtype);
  }

  /** The weights, or their accumulated, unclipped gradients, row-major by name: for tests. */
  async read(what: "weights" | "gradients"): Promise<Map<string, Float32Array>> {
    this.flush();
    const values = new Map<string, Float32Array>();
    for (const [name, tensor] of baseTensors(what === "weights" ? this.base : this.#weights.gradients)) {
      const stretches = await Array.fromAsync(readBaseTensor(this.device, tensor));
      values.set(name, Float32Array.from(stretches.flatMap((stretch) => [...stretch])));
    }
    return values;
  }

  /** Frees the trainer's memory; the trained network stays. */
  override close(): void {
    super.close();
    this.#weights.close();
  }
}
