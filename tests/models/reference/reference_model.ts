// A LLaMA network with LoRA, and its training, in plain float64 on the processor: what the engine is measured against. Rows
// are computed one by one, each alone at positions 0, 1, …; nothing is packed, fused, blocked or computed twice.
import type { TokenRow } from "../../../datasets/tokens/token_files.ts";
import { FAMILIES } from "../../../models/families.ts";
import type { LlamaConfig } from "../../../models/formats/config.ts";
import { projectionShape } from "../../../models/formats/llama_tensors.ts";
import { LORA_TARGETS, type LoraTarget, projectionName } from "../../../models/formats/adapter/lora_names.ts";
import type { LoraConfig } from "../../../models/training/lora.ts";
import { dropoutMask } from "./dropout.ts";
import * as op from "./operations.ts";

/** The name of a LoRA matrix among the parameters. */
export function matrixName(layer: number, target: LoraTarget, side: "A" | "B"): string {
  return `${layer}.${target}.${side}`;
}

/** Where a row lies: which micro-batch of the run, and how many tokens stand before it there. Only dropout asks. */
interface Place {
  readonly microBatch: number;
  readonly tokensBefore: number;
}

export class ReferenceModel {
  /** All weights under their Hugging Face names, and LoRA's matrices under {@linkcode matrixName}. */
  readonly parameters: ReadonlyMap<string, op.Parameter>;
  #microBatches = 0;

  /**
   * @param tensors every weight of the network, and A (R, in) and B (out, R) of every adapted projection
   * @param lora how it is adapted, if at all; `seed` is that of dropout
   */
  constructor(
    readonly config: LlamaConfig,
    tensors: ReadonlyMap<string, ArrayLike<number>>,
    readonly lora?: LoraConfig & { readonly seed: number },
  ) {
    this.parameters = new Map(
      [...tensors].map(([name, values]) => [name, {
        value: Float64Array.from(values),
        gradient: new Float64Array(values.length),
      }]),
    );
  }

  #parameter(name: string): op.Parameter {
    const found = this.parameters.get(name);
    if (!found) throw new Error(`the reference has no parameter ${name}`);
    return found;
  }

  /** x·Wᵀ, and where the projection is adapted + alpha/R · dropout(x)·Aᵀ·Bᵀ. */
  #project(layer: number, target: LoraTarget, x: Float64Array, place: Place): op.Operation {
    const [outFeatures, inFeatures] = projectionShape(this.config, target);
    const base = op.linear(x, this.#parameter(projectionName(layer, target)), outFeatures);
    const { lora } = this;
    if (!lora?.targets.includes(target)) return base;
    const adapted = LORA_TARGETS.filter((name) => lora.targets.includes(name));
    const module = layer * adapted.length + adapted.indexOf(target);
    const dropout = { probability: lora.dropout, seed: lora.seed, step: place.microBatch, module };
    const mask = dropoutMask(dropout, place.tokensBefore * inFeatures, x.length);
    const scale = lora.alpha / lora.rank;
    const a = op.linear(
      x.map((value, i) => value * mask[i]!),
      this.#parameter(matrixName(layer, target, "A")),
      lora.rank,
    );
    const b = op.linear(a.y, this.#parameter(matrixName(layer, target, "B")), outFeatures);
    return {
      y: base.y.map((value, i) => value + scale * b.y[i]!),
      back(dy) {
        const dx = a.back(b.back(dy.map((value) => value * scale)));
        return op.add(base.back(dy), dx.map((value, i) => value * mask[i]!));
      },
    };
  }

  #layer(layer: number, x: Float64Array, place: Place): op.Operation {
    const { heads, keyValueHeads, headSize, normEpsilon, ropeTheta, family } = this.config;
    const norm = (input: Float64Array, name: string) =>
      op.norm(input, this.#parameter(`model.layers.${layer}.${name}.weight`), normEpsilon);
    const project = (target: LoraTarget, input: Float64Array) => this.#project(layer, target, input, place);

    const biased = (target: LoraTarget, input: Float64Array) => {
      const projected = project(target, input);
      const bias = this.parameters.get(`model.layers.${layer}.self_attn.${target}.bias`);
      return bias ? op.then(projected, (y) => op.shift(y, bias)) : projected;
    };
    const normedHeads = (projected: op.Operation, name: string) =>
      FAMILIES[family].headNorms ? op.then(projected, (y) => norm(y, `self_attn.${name}`)) : projected;

    const normed = norm(x, "input_layernorm");
    const q = normedHeads(biased("q_proj", normed.y), "q_norm");
    const k = normedHeads(biased("k_proj", normed.y), "k_norm");
    const v = biased("v_proj", normed.y);
    const turnedQ = op.turn(q.y, heads, headSize, ropeTheta);
    const turnedK = op.turn(k.y, keyValueHeads, headSize, ropeTheta);
    const attended = op.attention([turnedQ.y, turnedK.y, v.y], heads, keyValueHeads, headSize);
    const o = project("o_proj", attended.y);
    const middle = op.add(x, o.y);

    const normedMiddle = norm(middle, "post_attention_layernorm");
    const [gate, up] = [project("gate_proj", normedMiddle.y), project("up_proj", normedMiddle.y)];
    const activated = op.gated(gate.y, up.y);
    const down = project("down_proj", activated.y);
    return {
      y: op.add(middle, down.y),
      back(dy) {
        const { dGate, dUp } = activated.back(down.back(dy));
        const dMiddle = op.add(dy, normedMiddle.back(op.add(gate.back(dGate), up.back(dUp))));
        const { dq, dk, dv } = attended.back(o.back(dMiddle));
        const dNormed = op.add(op.add(q.back(turnedQ.back(dq)), k.back(turnedK.back(dk))), v.back(dv));
        return op.add(dMiddle, normed.back(dNormed));
      },
    };
  }

  /** Σ −log p of a row's labelled tokens; with a scale, adds the gradients of that sum times the scale. */
  #row({ ids, labelled }: TokenRow, place: Place, scale: number | undefined): number {
    const { hiddenSize, vocabularySize, layers, normEpsilon, tiedEmbeddings } = this.config;
    const embedding = this.#parameter("model.embed_tokens.weight");
    const embedded = op.lookUp(ids, embedding, hiddenSize);
    const stack: op.Operation[] = [];
    for (let layer = 0; layer < layers; layer++) stack.push(this.#layer(layer, stack.at(-1)?.y ?? embedded.y, place));
    stack.push(op.norm(stack.at(-1)!.y, this.#parameter("model.norm.weight"), normEpsilon));
    stack.push(
      op.linear(stack.at(-1)!.y, tiedEmbeddings ? embedding : this.#parameter("lm_head.weight"), vocabularySize),
    );
    const labels = Array.from(ids, (_, t) => labelled[t + 1] === 1 ? ids[t + 1]! : -1);
    const { loss, back } = op.crossEntropy(stack.at(-1)!.y, labels, vocabularySize);
    if (scale !== undefined) embedded.back(stack.reduceRight((dy, operation) => operation.back(dy), back(scale)));
    return loss;
  }

  #rows(rows: readonly TokenRow[], scale: number | undefined): number {
    let [loss, tokensBefore] = [0, 0];
    for (const row of rows) {
      loss += this.#row(row, { microBatch: this.#microBatches, tokensBefore }, scale);
      tokensBefore += row.ids.length;
    }
    return loss;
  }

  /** Adds a micro-batch's gradients of Σ −log p / `labelled`, and gives its Σ −log p. */
  accumulate(rows: readonly TokenRow[], labelled: number): number {
    const loss = this.#rows(rows, 1 / labelled);
    this.#microBatches++;
    return loss;
  }

  /** Σ −log p of rows, with the dropout of the micro-batch that would come next. */
  loss(rows: readonly TokenRow[]): number {
    return this.#rows(rows, undefined);
  }
}

/** AdamW with clipping by the norm of all gradients together, as torch's, for some of a model's parameters. */
export class ReferenceOptimizer {
  readonly #moments: { readonly first: Float64Array; readonly second: Float64Array }[];
  #steps = 0;

  constructor(
    readonly trained: readonly { readonly parameter: op.Parameter; readonly weightDecay: number }[],
    readonly options: { beta1: number; beta2: number; epsilon: number; maxGradientNorm: number },
  ) {
    this.#moments = trained.map(({ parameter: { value } }) => ({
      first: new Float64Array(value.length),
      second: new Float64Array(value.length),
    }));
  }

  /** Takes a step, leaves the gradients at zero, and gives their norm before clipping. */
  step(learningRate: number): number {
    const { beta1, beta2, epsilon, maxGradientNorm } = this.options;
    const t = ++this.#steps;
    let squares = 0;
    for (const { parameter } of this.trained) for (const g of parameter.gradient) squares += g * g;
    const gradientNorm = Math.sqrt(squares);
    const clip = Math.min(1, maxGradientNorm / (gradientNorm + 1e-6));
    const [correction1, correction2] = [1 - beta1 ** t, 1 - beta2 ** t];
    for (const [p, { parameter: { value, gradient }, weightDecay }] of this.trained.entries()) {
      const { first, second } = this.#moments[p]!;
      for (let i = 0; i < value.length; i++) {
        const g = gradient[i]! * clip;
        first[i] = beta1 * first[i]! + (1 - beta1) * g;
        second[i] = beta2 * second[i]! + (1 - beta2) * g * g;
        const [m, v] = [first[i]! / correction1, second[i]! / correction2];
        value[i] = value[i]! - learningRate * (weightDecay * value[i]! + m / (Math.sqrt(v) + epsilon));
      }
      gradient.fill(0);
    }
    return gradientNorm;
  }
}
