import type { JsonObject } from "../../core/mod.ts";
import { chrF, rougeL } from "../../../datasets/evaluation/overlap.ts";
import type { AnswerMetric, TaskMeta } from "../kinds.ts";
import { compare, type Compared, meanOfGroups } from "./statistics.ts";

/** What a task's items can be measured by. All are better when higher. */
export type TaskMetric = AnswerMetric | "acc" | "acc_norm" | "judge_score";

/** One side's response to an item. */
export interface ItemResponse {
  /** The text that was generated, or the choice that was the most likely. */
  readonly response: string;
  /** Log-likelihoods of the choices in nats, where there are choices. */
  readonly logLikelihoods?: readonly number[];
  /** The figures that this item has. */
  readonly scores: Readonly<Partial<Record<TaskMetric, number>>>;
}

/** An item of a task with what both sides made of it. */
export interface ItemResult {
  /** Kind, subject or class; "" if there is none. */
  readonly group: string;
  /** The item as it stands in its file. */
  readonly document: JsonObject;
  /** What was asked, for a person to read. */
  readonly question: string;
  /** The right answer, for a person to read. */
  readonly target: string;
  /** The text that the model was given. */
  readonly prompt: string;
  /** How the text may go on, where there are choices. */
  readonly continuations?: readonly string[];
  readonly before: ItemResponse;
  readonly after?: ItemResponse;
}

/** A figure of the items of one kind, subject or class. */
export interface GroupResult extends Compared {
  readonly name: string;
  readonly count: number;
}

/** A figure of a task. */
export interface MetricResult extends Compared {
  readonly metric: TaskMetric;
  /** Items that have this figure. */
  readonly count: number;
  /** By kind, subject or class, in the order of their first items; empty where there is one only. */
  readonly groups: readonly GroupResult[];
  /** The mean over the groups, each with the same weight. */
  readonly meanOfGroups?: Compared;
}

/** How a task went. */
export interface TaskResult {
  readonly name: string;
  readonly type: TaskMeta["type"];
  readonly count: number;
  /** How it was asked, by name. */
  readonly facts: Readonly<Record<string, string | number | boolean>>;
  readonly metrics: readonly MetricResult[];
}

/** The figures of a task, from its items. */
export function resultOf(
  { name, type }: Pick<TaskMeta, "name" | "type">,
  facts: TaskResult["facts"],
  items: readonly ItemResult[],
  metrics: readonly TaskMetric[],
): TaskResult {
  return { name, type, count: items.length, facts, metrics: metricsOf(items, metrics) };
}

/** What figures are made of. */
type Scored = Pick<ItemResult, "group" | "before" | "after">;

/** The figures of some items; those that no item has are left out. */
export function metricsOf(items: readonly Scored[], metrics: readonly TaskMetric[]): MetricResult[] {
  return metrics.map((metric) => metricOf(metric, items)).filter(({ count }) => count > 0);
}

/** How similar an answer is to the most similar of some references; nothing where there are none. */
export function overlapScores(answer: string, references: readonly string[]): { rouge_l?: number; chrf?: number } {
  if (references.length === 0) return {};
  return {
    rouge_l: Math.max(...references.map((reference) => rougeL(answer, reference))),
    chrf: Math.max(...references.map((reference) => chrF(answer, reference))),
  };
}

function metricOf(metric: TaskMetric, all: readonly Scored[]): MetricResult {
  const items = all.filter(({ before }) => before.scores[metric] !== undefined);
  const byGroup = Map.groupBy(items, ({ group }) => group);
  const groups = byGroup.size < 2
    ? []
    : [...byGroup].map(([name, of]) => ({ name, count: of.length, ...compareItems(metric, of) }));
  return {
    metric,
    count: items.length,
    ...compareItems(metric, items),
    groups,
    ...(groups.length > 0 ? { meanOfGroups: meanOfGroups(groups) } : {}),
  };
}

function compareItems(metric: TaskMetric, items: readonly Scored[]): Compared {
  const of = (side: ItemResponse) => side.scores[metric] ?? 0;
  const after = items.flatMap((item) => item.after === undefined ? [] : [of(item.after)]);
  return compare(items.map(({ before }) => of(before)), after.length === items.length ? after : undefined);
}
