import { canonicalize } from "@std/json/canonicalize";
import { PipelineError } from "../errors.ts";
import { collectGraph, type Graph, isStep, type StepInput } from "../stage/graph.ts";
import type { Pipeline } from "../stage/pipeline.ts";
import { parseOptions } from "./session.ts";

/**
 * Says whether a pipeline computes the same with either options: the same stages with the same params and inputs, so the same
 * keys. Settings of stages, which are in no key, may differ. Computes nothing and reads no input.
 *
 * @param name for messages
 * @returns false too if a pipeline cannot be made of either
 */
export async function sameKeys(
  pipeline: Pipeline,
  name: string,
  ...options: readonly [Readonly<Record<string, unknown>>, Readonly<Record<string, unknown>>]
): Promise<boolean> {
  try {
    const graphs = options.map(async (each) => collectGraph(await pipeline.build(parseOptions(pipeline, name, each))));
    const [one, other] = (await Promise.all(graphs)).map(keysOf);
    return one === other;
  } catch (error) {
    if (error instanceof PipelineError) return false;
    throw error;
  }
}

/** What decides the keys of a graph's steps. */
function keysOf({ steps, targets }: Graph): string {
  const sourceOf = ({ from, part }: StepInput) => {
    if (isStep(from)) return { step: from.name, part };
    const { form, path, meta } = from.node;
    return { form, path, meta, part };
  };
  const named = (inputs: ReadonlyMap<string, StepInput>) => [...inputs].map(([name, each]) => [name, sourceOf(each)]);
  return canonicalize({
    steps: steps.map(({ name, node, inputs }) => [name, node.stage.name, node.params, named(inputs)]),
    targets: named(targets),
  });
}
