// LoRA (Hu et al. 2021, https://arxiv.org/abs/2106.09685) on the device: y += (alpha / rank) · B·A·dropout(x) beside a
// frozen projection. All matrices, and in training their gradients and moments, lie in one buffer each, so that the
// optimizer is one dispatch.
import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";
import { uniformFloat64 } from "pure-rand/distribution/uniformFloat64";
import type { Device } from "../../kernels/gpu/device.ts";
import { createTensor, destroyTensors, download, type Tensor, upload, view } from "../../kernels/gpu/tensor.ts";
import type { Adapter, AdapterTensor } from "../formats/adapter/adapter.ts";
import type { LlamaConfig } from "../formats/config.ts";
import { AdapterFitError } from "../formats/error.ts";
import { projectionShape } from "../formats/llama_tensors.ts";
import { LORA_TARGETS, type LoraTarget } from "../formats/adapter/lora_names.ts";
import type { NamedTensor } from "./training_state.ts";

/** What LoRA adapts, and how. */
export interface LoraConfig {
  readonly rank: number;
  /** The adapter's output is scaled by alpha / rank. */
  readonly alpha: number;
  /** Share of A's inputs dropped while training. */
  readonly dropout: number;
  readonly targets: readonly LoraTarget[];
  /** Adapt only so many layers, the highest; all when left out. */
  readonly layers?: number;
}

/** LoRA of one projection. R is the rank padded to a multiple of 4; padding rows are zero and stay so. */
export interface LoraModule {
  readonly layer: number;
  readonly target: LoraTarget;
  /** Counts modules, for dropout. */
  readonly index: number;
  readonly inFeatures: number;
  readonly outFeatures: number;
  /** A (R, in). */
  readonly a: Tensor;
  /** Bᵀ (R, out). */
  readonly b: Tensor;
  /** Gradients of a and b, while training. */
  readonly gradients?: { readonly a: Tensor; readonly b: Tensor };
}

interface Place {
  readonly layer: number;
  readonly target: LoraTarget;
  readonly inFeatures: number;
  readonly outFeatures: number;
  readonly a: number;
  readonly b: number;
}

/** The modules of a configuration and where each begins in the flat buffer; views must begin at multiples of 64 values. */
function places(config: LlamaConfig, lora: LoraConfig): { places: Place[]; count: number } {
  const rank = paddedRank(lora);
  const align = (count: number) => Math.ceil(count / 64) * 64;
  let count = 0;
  const list: Place[] = [];
  for (let layer = lowestAdapted(config, lora); layer < config.layers; layer++) {
    for (const target of LORA_TARGETS.filter((name) => lora.targets.includes(name))) {
      const [outFeatures, inFeatures] = projectionShape(config, target);
      const a = count;
      const b = a + align(rank * inFeatures);
      count = b + align(rank * outFeatures);
      list.push({ layer, target, inFeatures, outFeatures, a, b });
    }
  }
  return { places: list, count };
}

/** The lowest layer with an adapter, where backward may stop. */
export function lowestAdapted(config: LlamaConfig, { layers = config.layers }: LoraConfig): number {
  return Math.max(0, config.layers - layers);
}

/** Values of each of an adapter's flat buffers, padding included. */
export function loraSize(config: LlamaConfig, lora: LoraConfig): number {
  return places(config, lora).count;
}

/** The rank that the kernels see: padded to a multiple of 4. */
export function paddedRank({ rank }: LoraConfig): number {
  return Math.ceil(rank / 4) * 4;
}

/** A LoRA adapter on the device. */
export class Lora {
  readonly modules: readonly LoraModule[];
  /** All A and Bᵀ, flat (P). */
  readonly weights: Tensor;
  /** Flat like the weights (P); only while training. */
  readonly training:
    | { readonly gradients: Tensor; readonly firstMoment: Tensor; readonly secondMoment: Tensor }
    | undefined;
  readonly #places: readonly Place[];
  readonly #byName: Map<string, LoraModule>;

  /** Allocates an adapter of zeros, with room for gradients and moments where `training` is set. */
  constructor(readonly device: Device, config: LlamaConfig, readonly settings: LoraConfig, training: boolean) {
    const { places: list, count } = places(config, settings);
    const rank = paddedRank(settings);
    const make = (name: string) => createTensor(device, `lora ${name}`, [count]);
    this.#places = list;
    this.weights = make("weights");
    this.training = training
      ? { gradients: make("gradients"), firstMoment: make("first moment"), secondMoment: make("second moment") }
      : undefined;
    const pair = (flat: Tensor, { layer, target, inFeatures, outFeatures, a, b }: Place) => ({
      a: view(flat, `${flat.name} ${layer}.${target}.A`, a, [rank, inFeatures]),
      b: view(flat, `${flat.name} ${layer}.${target}.B`, b, [rank, outFeatures]),
    });
    this.modules = list.map((place, index) => ({
      layer: place.layer,
      target: place.target,
      index,
      inFeatures: place.inFeatures,
      outFeatures: place.outFeatures,
      ...pair(this.weights, place),
      ...(this.training && { gradients: pair(this.training.gradients, place) }),
    }));
    this.#byName = new Map(this.modules.map((module) => [`${module.layer}.${module.target}`, module]));
  }

  /** alpha / rank. */
  get scale(): number {
    return this.settings.alpha / this.settings.rank;
  }

  /** The module beside a projection, if it is adapted. */
  module(layer: number, target: LoraTarget): LoraModule | undefined {
    return this.#byName.get(`${layer}.${target}`);
  }

  /** The lowest layer with a module; backward need not go below. */
  get lowestLayer(): number {
    return this.modules[0]!.layer;
  }

  /** A uniform in ±1/√in (Kaiming, a = √5), B zero: the adapter begins as no change. The same seed gives the same A. */
  initialize(seed: number): void {
    const flat = new Float32Array(this.weights.shape[0]!);
    const random = xoroshiro128plus(seed);
    for (const { a, inFeatures } of this.#places) {
      const bound = 1 / Math.sqrt(inFeatures);
      for (let i = 0; i < this.settings.rank * inFeatures; i++) flat[a + i] = (uniformFloat64(random) * 2 - 1) * bound;
    }
    upload(this.device, this.weights, flat);
  }

  /** Copies an adapter's values in. Errors: it has other modules than this one. */
  load(adapter: Adapter): void {
    const flat = new Float32Array(this.weights.shape[0]!);
    for (const { layer, target, a: atA, b: atB, inFeatures, outFeatures } of this.#places) {
      const found = adapter.tensors.find((tensor) => tensor.layer === layer && tensor.target === target);
      if (!found || found.inFeatures !== inFeatures || found.outFeatures !== outFeatures) {
        throw new AdapterFitError(
          `the adapter does not fit this base: layer ${layer} ${target} wants A [${adapter.rank},${inFeatures}] and B [${outFeatures},${adapter.rank}], ` +
            `found ${
              found ? `A [${adapter.rank},${found.inFeatures}] and B [${found.outFeatures},${adapter.rank}]` : "none"
            }`,
        );
      }
      flat.set(found.a, atA);
      for (let r = 0; r < adapter.rank; r++) {
        for (let n = 0; n < outFeatures; n++) flat[atB + r * outFeatures + n] = found.b[n * adapter.rank + r]!;
      }
    }
    upload(this.device, this.weights, flat);
  }

  /** The matrices of a flat tensor of this adapter (weights, or gradients) in PEFT's shapes. */
  async read(flat: Tensor = this.weights): Promise<AdapterTensor[]> {
    const [values] = await download(this.device, flat);
    const { rank } = this.settings;
    return this.#places.map(({ layer, target, a, b, inFeatures, outFeatures }) => {
      const out = new Float32Array(outFeatures * rank);
      for (let r = 0; r < rank; r++) {
        for (let n = 0; n < outFeatures; n++) out[n * rank + r] = values![b + r * outFeatures + n]!;
      }
      return { layer, target, a: values!.slice(a, a + rank * inFeatures), b: out, inFeatures, outFeatures };
    });
  }

  /** All that training changes from step to step, matrix by matrix: weights and both moments. Only while training. */
  state(): NamedTensor[] {
    const { firstMoment, secondMoment } = this.training!;
    const rank = paddedRank(this.settings);
    const flats = Object.entries({ weight: this.weights, first_moment: firstMoment, second_moment: secondMoment });
    return flats.flatMap(([what, flat]) =>
      this.#places.flatMap(({ layer, target, a, b, inFeatures, outFeatures }) =>
        ([["A", a, inFeatures], ["B", b, outFeatures]] as const).map(([side, at, width]) => {
          const name = `${what}.${layer}.${target}.${side}`;
          return { name, tensor: view(flat, name, at, [rank, width]) };
        })
      )
    );
  }

  /** Frees the adapter's memory. */
  close(): void {
    destroyTensors(this.device, [this.weights, ...Object.values(this.training ?? {})]);
  }
}
