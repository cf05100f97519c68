// What training all weights of a network keeps beside them: gradients and both moments, in the form of the network itself.
import { type TokensById, tokensById } from "../../kernels/layer/embed.ts";
import { normGradientRows } from "../../kernels/layer/rms_norm.ts";
import { createTensor, destroyTensors, firstRows, type Tensor, upload } from "../../kernels/gpu/tensor.ts";
import type { Device } from "../../kernels/gpu/device.ts";
import { weightTensors } from "../../kernels/weight/weight.ts";
import { assembleBase, type BaseTensor, baseTensors, type BaseWeights, isMatrix } from "../base_weights.ts";
import type { LlamaConfig } from "../formats/config.ts";
import type { Trained } from "./trainer.ts";
import type { NamedTensor } from "./training_state.ts";

/** A network of zeros in the form of another: the same parts of the same sizes. */
function zerosLike(device: Device, base: BaseWeights, what: string): BaseWeights {
  const like = (tensor: Tensor) => createTensor(device, `${what} of ${tensor.name}`, tensor.shape);
  const zeros = (tensor: BaseTensor): BaseTensor =>
    isMatrix(tensor)
      ? { ...tensor, parts: tensor.parts.map((part) => ({ ...part, blocks: like(part.blocks) })) }
      : like(tensor);
  return assembleBase(
    base.config,
    base.bits,
    new Map([...baseTensors(base)].map(([name, tensor]) => [name, zeros(tensor)])),
  );
}

const buffersOf = (base: BaseWeights) =>
  [...baseTensors(base).values()].flatMap((tensor) => isMatrix(tensor) ? weightTensors(tensor) : [tensor]);

/** Bytes that {@linkcode FullWeights} keeps beside gradients and moments, for micro-batches of so many tokens. */
export function fullWeightsBytes({ hiddenSize }: LlamaConfig, tokens: number): number {
  return 4 * (normGradientRows * hiddenSize + 3 * tokens + 1);
}

/** Gradients and moments of all weights of a float32 network. */
export class FullWeights {
  /** Gradients, accumulated over the micro-batches of a step. */
  readonly gradients: BaseWeights;
  /** Working memory of the norms' gradients. */
  readonly partials: Tensor;
  /** Matrices decay; the weights of norms do not, as is usual. */
  readonly trained: readonly Trained[];
  readonly #states: Readonly<Record<"weight" | "first_moment" | "second_moment", BaseWeights>>;
  readonly #tokens: TokensById;

  /** @param tokens most tokens of a micro-batch */
  constructor(readonly device: Device, base: BaseWeights, tokens: number) {
    if (base.bits !== 32) throw new RangeError(`cannot train weights of ${base.bits} bits: only float32 can change`);
    this.gradients = zerosLike(device, base, "gradient");
    const [first, second] = [zerosLike(device, base, "first moment"), zerosLike(device, base, "second moment")];
    this.#states = { weight: base, first_moment: first, second_moment: second };
    const lists = [base, this.gradients, first, second].map(buffersOf) as [Tensor[], Tensor[], Tensor[], Tensor[]];
    const norms = new Set<Tensor>([...baseTensors(base).values()].filter((tensor) => !isMatrix(tensor)) as Tensor[]);
    this.trained = lists[0].map((weights, i) => ({
      weights,
      gradients: lists[1][i]!,
      firstMoment: lists[2][i]!,
      secondMoment: lists[3][i]!,
      decays: !norms.has(weights),
    }));
    this.partials = createTensor(device, "norm gradient partials", [normGradientRows, base.config.hiddenSize]);
    const indices = (name: string, count: number) => createTensor(device, name, [count], "u32");
    this.#tokens = {
      ids: indices("distinct ids", tokens),
      begins: indices("first tokens of ids", tokens + 1),
      order: indices("tokens by id", tokens),
    };
  }

  /** Copies a micro-batch's tokens, sorted by id, to the device. Work that reads those before must have been submitted. */
  uploadTokens(ids: Uint32Array): TokensById {
    const part = (tensor: Tensor, values: Uint32Array<ArrayBuffer>) => {
      upload(this.device, tensor, values);
      return firstRows(tensor, values.length);
    };
    const sorted = tokensById(ids);
    const { ids: distinct, begins, order } = this.#tokens;
    return { ids: part(distinct, sorted.ids), begins: part(begins, sorted.begins), order: part(order, sorted.order) };
  }

  /** All that training changes from step to step: weights and both moments, as they lie on the device. */
  state(): NamedTensor[] {
    return Object.entries(this.#states).flatMap(([what, network]) =>
      [...baseTensors(network)].flatMap(([name, tensor]) => {
        if (!isMatrix(tensor)) return [{ name: `${what}.${name}`, tensor }];
        return tensor.parts.map(({ blocks }, i) => ({ name: `${what}.${name}.${i}`, tensor: blocks }));
      })
    );
  }

  /** Frees gradients and moments; the weights stay. */
  close(): void {
    const { first_moment, second_moment } = this.#states;
    destroyTensors(this.device, [
      ...[this.gradients, first_moment, second_moment].flatMap(buffersOf),
      this.partials,
      ...Object.values(this.#tokens) as Tensor[],
    ]);
  }
}
