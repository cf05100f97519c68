import { basename } from "@std/path";
import { canonicalize } from "@std/json/canonicalize";
import { PipelineError } from "../errors.ts";
import type { Targets } from "./pipeline.ts";
import { type AnyRef, isRef, type LeafNode, type Node, REF, type StageNode } from "./ref.ts";
import type { StageSpec } from "./stage_spec.ts";

/** One input of a step: which producer, and which part of its output. */
export interface StepInput {
  /** What produces it. */
  readonly from: Step | Leaf;
  /** Sub-folder meant, empty for the whole. */
  readonly part: string;
}

/** One stage call of a pipeline, after equal calls were joined. */
export interface Step {
  readonly node: StageNode;
  /** Name within the pipeline: the stage's name, `evaluate#2` for a second step of that name. */
  readonly name: string;
  /** Inputs by name; those of a list under `sources[0]`, `sources[1]`, … */
  readonly inputs: ReadonlyMap<string, StepInput>;
}

/** One input of a pipeline. */
export interface Leaf {
  readonly node: LeafNode;
}

/** A pipeline's steps, each after all that it needs. */
export interface Graph {
  readonly steps: readonly Step[];
  /** What `build` returned, by name. */
  readonly targets: ReadonlyMap<string, StepInput>;
}

/** Says whether a producer is a step. */
export function isStep(producer: Step | Leaf): producer is Step {
  return producer.node.type === "stage";
}

/** Collects what can be reached from the targets. Two calls of one stage with equal arguments are one step. */
export function collectGraph(targets: Targets): Graph {
  const collector = new Collector();
  const found = new Map<string, StepInput>();
  for (const [name, ref] of Object.entries(targets)) {
    if (!isRef(ref)) {
      throw new PipelineError(
        `building the pipeline: target ${name} must be the result of a stage, found ${typeof ref}`,
      );
    }
    const target = collector.input(ref);
    if (!isStep(target.from)) {
      throw new PipelineError(`building the pipeline: target ${name} is an input; return results of stages`);
    }
    found.set(name, target);
  }
  if (found.size === 0) throw new PipelineError("building the pipeline: build() returned no target");
  return { steps: collector.steps, targets: found };
}

class Collector {
  readonly steps: Step[] = [];
  readonly #producers = new Map<Node, Step | Leaf>();
  readonly #byIdentity = new Map<string, Step | Leaf>();
  readonly #identities = new Map<Step | Leaf, string>();
  readonly #functions = new Map<unknown, number>();
  readonly #names = new Map<string, number>();

  input(ref: AnyRef): StepInput {
    const { node, part } = ref[REF];
    return { from: this.#producer(node), part };
  }

  #producer(node: Node): Step | Leaf {
    const known = this.#producers.get(node);
    if (known !== undefined) return known;
    const inputs = node.type === "stage" ? this.#inputs(node) : new Map<string, StepInput>();
    const identity = node.type === "stage" ? this.#stepIdentity(node, inputs) : this.#leafIdentity(node);
    const equal = this.#byIdentity.get(identity);
    const producer = equal ?? (node.type === "stage" ? this.#addStep(node, inputs) : { node });
    this.#producers.set(node, producer);
    this.#byIdentity.set(identity, producer);
    this.#identities.set(producer, identity);
    return producer;
  }

  #inputs(node: StageNode): Map<string, StepInput> {
    const inputs = new Map<string, StepInput>();
    for (const [name, given] of Object.entries(node.inputs)) {
      if (isRef(given)) inputs.set(name, this.input(given));
      else given.forEach((ref, i) => inputs.set(`${name}[${i}]`, this.input(ref)));
    }
    return inputs;
  }

  #addStep(node: StageNode, inputs: Map<string, StepInput>): Step {
    const count = (this.#names.get(node.stage.name) ?? 0) + 1;
    this.#names.set(node.stage.name, count);
    const step = { node, inputs, name: count === 1 ? node.stage.name : `${node.stage.name}#${count}` };
    this.steps.push(step);
    return step;
  }

  #stepIdentity({ stage, params, settings }: StageNode, inputs: Map<string, StepInput>): string {
    const from = [...inputs].map(([name, { from, part }]) => [name, this.#index(this.#identities.get(from)), part]);
    return canonicalize({ stage: this.#index(stage satisfies StageSpec), params, settings, inputs: from });
  }

  #leafIdentity({ form, path, include, meta }: LeafNode): string {
    return canonicalize({ form, path, include: form === "file" ? 0 : this.#index(include), meta });
  }

  #index(value: unknown): number {
    const known = this.#functions.get(value);
    if (known !== undefined) return known;
    this.#functions.set(value, this.#functions.size + 1);
    return this.#functions.size;
  }
}

/** A few words on where an input comes from, for messages. */
export function describeSource({ from, part }: StepInput): string {
  if (!isStep(from)) return basename(from.node.path);
  return `${from.name}'s ${part === "" ? "output" : part}`;
}
