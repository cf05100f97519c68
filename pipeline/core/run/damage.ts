import { DamagedInputError } from "../errors.ts";
import { isUnreadable } from "../files.ts";
import { isStep, type Step } from "../stage/graph.ts";
import type { Session } from "./session.ts";
import type { StageResult } from "../stage/stage_result.ts";

/** An input whose files in the cache are not what was published. */
export interface DamagedInput {
  readonly producer: Step;
  readonly detail: string;
}

/**
 * The input whose damage the failure of a step comes of, if that is so. A stage that found it names it; when something
 * could not be read, all inputs are looked at.
 */
export async function damageBehind(
  error: unknown,
  step: Step,
  results: ReadonlyMap<Step, StageResult>,
  { store, signal }: Session,
): Promise<DamagedInput | undefined> {
  if (error instanceof DamagedInputError) {
    const producer = step.inputs.get(error.input)?.from;
    const detail = `${error.file} is not what was published (SHA-256 differs)`;
    return producer !== undefined && isStep(producer) ? { producer, detail } : undefined;
  }
  if (!isUnreadable(error)) return undefined;
  for (const { from } of step.inputs.values()) {
    const result = isStep(from) ? results.get(from) : undefined;
    if (!isStep(from) || result === undefined) continue;
    const found = await store.lookup(from.node.stage.name, result.key, { verify: true, signal });
    if (found.state === "damaged") return { producer: from, detail: found.detail };
  }
  return undefined;
}
