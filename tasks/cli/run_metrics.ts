import { type Json } from "../../pipeline/core/mod.ts";
import { type RunRecord } from "../../pipeline/core/upkeep.ts";

/** The numbers that a run came to, those of `evaluate` first: such as `evaluate.evalLossAfter`. */
export function metricsOf({ stages }: RunRecord): Record<string, number> {
  const metrics: Record<string, number> = {};
  for (const { stage, meta } of stages.toReversed()) {
    if (!["evaluate", "train"].includes(stage.replace(/#\d+$/, ""))) continue;
    for (const [name, value] of flatten(meta, stage)) if (typeof value === "number") metrics[name] = value;
  }
  return metrics;
}

/** One value in which two runs differ. */
export interface RunDifference {
  /** Such as `train.learningRate` or `evaluate.evalLossAfter`. */
  readonly name: string;
  readonly before: Json | undefined;
  readonly after: Json | undefined;
}

/** Parameters and results in which two runs differ, to the leaf. */
export function diffRuns(before: RunRecord, after: RunRecord): RunDifference[] {
  const values = ({ stages }: RunRecord) =>
    new Map(stages.flatMap(({ stage, params, meta, device }) => [
      ...flatten(params, stage),
      ...flatten(meta, `${stage} ->`),
      ...(device === undefined ? [] : [[`${stage} device`, device] as [string, Json]]),
    ]));
  const [a, b] = [values(before), values(after)];
  return [...new Set([...a.keys(), ...b.keys()])]
    .filter((name) => JSON.stringify(a.get(name)) !== JSON.stringify(b.get(name)))
    .map((name) => ({ name, before: a.get(name), after: b.get(name) }));
}

function flatten(value: Json, name: string): [string, Json][] {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return [[name, value]];
  const prefix = name.endsWith("->") ? `${name} ` : `${name}.`;
  return Object.entries(value).flatMap(([key, child]) => child === undefined ? [] : flatten(child, `${prefix}${key}`));
}
