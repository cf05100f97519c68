import { basename } from "@std/path";
import { kindsInChinese } from "../../../datasets/embedded/instructions.ts";
import type { AdapterMeta, BaseMeta, TokensMeta } from "../kinds.ts";
import { embeddedModelPath } from "../models.ts";
import type { Words } from "../plot.ts";
import { barChart } from "./bars.ts";
import type { Block } from "./document.ts";
import type { LossFigures, LossResults } from "./losses.ts";
import type { TaskOutcome } from "./prepared_task.ts";
import type { ItemResponse, ItemResult, MetricResult, TaskMetric, TaskResult } from "./results.ts";
import { type Compared, type Measure, shownMeasure } from "./statistics.ts";

/** A held-out instruction with both answers. */
export interface AnsweredSample {
  readonly instruction: string;
  readonly input: string;
  readonly expected: string;
  readonly before: string;
  readonly after?: string;
}

/** The contents of results.json. Figures of the loss are absent where there were no validation rows. */
export interface EvaluationResults extends Partial<LossResults> {
  readonly samples: readonly AnsweredSample[];
  /** How similar the answers to them are to the expected ones. */
  readonly sample_metrics: readonly MetricResult[];
  readonly tasks: readonly TaskResult[];
}

/** What a report is written of. */
export interface ReportSource {
  readonly results: EvaluationResults;
  readonly tasks: readonly TaskOutcome[];
  readonly base: Pick<BaseMeta, "name" | "bits" | "parameters">;
  readonly adapter?: AdapterMeta | undefined;
  readonly tokens?: TokensMeta | undefined;
  /** Whether the adapter comes with the curve of its training. */
  readonly hasLossCurve: boolean;
}

/** Most items of each kind, and of a task, whose answers the report shows; samples_TASK_DATE.jsonl has all. */
const [shownOfGroup, shownOfTask] = [2, 20];

/** The base that comes with the project, which every task takes by itself. */
const EMBEDDED_NAME = basename(embeddedModelPath);

/** What the report's errors and differences mean. */
export const ERRORS = "± is one standard error; a difference is after − before, paired by row or item. " +
  "± 为一个标准误；差异为训练后减训练前，按行或题配对。";

const LEARNT: Readonly<Record<TokensMeta["trainOn"], string>> = {
  answers: "the answers only 仅回答",
  last: "the last answer of each row only 仅每行最后的回答",
  all: "prompt and answer 指令与回答",
};

const METRICS: Readonly<Record<TaskMetric, { readonly title: string; readonly most: number }>> = {
  rouge_l: { title: "ROUGE-L (characters 按字)", most: 1 },
  chrf: { title: "chrF2", most: 100 },
  judge_score: { title: "judge's score 评审得分", most: 1 },
  exact_match: { title: "exact match 完全匹配", most: 1 },
  acc: { title: "acc 准确率", most: 1 },
  acc_norm: { title: "acc_norm 长度归一准确率", most: 1 },
};

/** The report that a person reads, English and Chinese: figures, plots, then the answers side by side. */
export function reportBlocks(source: ReportSource): Block[] {
  return [
    { type: "heading", level: 1, text: "Evaluation 评估报告" },
    ...lossBlocks(source),
    { type: "list", items: subjectOf(source) },
    ...(source.hasLossCurve
      ? [{ type: "figure" as const, file: "loss_curve.svg", alt: "training loss 训练损失" }]
      : []),
    { type: "text", text: ERRORS },
    ...source.tasks.flatMap(taskBlocks),
    ...answerBlocks(source.results),
    ...chatBlocks(source),
  ];
}

/** How to talk to what was evaluated. */
function chatBlocks({ base, adapter }: ReportSource): Block[] {
  const ownBase = base.name === EMBEDDED_NAME ? "" : ` --base-model ${base.name.includes("/") ? base.name : "BASE"}`;
  const command = `./vicuna chat${ownBase}${adapter === undefined ? "" : " --lora-path FOLDER"}`;
  const places = [
    ...command.includes("BASE") ? [[`BASE is the folder of ${base.name}`, `BASE 为 ${base.name} 所在的文件夹`]] : [],
    ...command.includes("FOLDER") ? [["FOLDER is the one where this report lies", "FOLDER 为此报告所在的文件夹"]] : [],
    ["With Deno present, deno task is the same as ./vicuna", "已有 Deno 时，./vicuna 也可写作 deno task"],
  ];
  return [
    { type: "heading", level: 2, text: "Talk to it 与它对话" },
    { type: "quote", label: "Command 命令", text: command },
    { type: "text", text: `${places.map(([en]) => en).join(". ")}. ${places.map(([, zh]) => zh).join("；")}。` },
  ];
}

function lossBlocks({ results: { before, after, difference } }: ReportSource): Block[] {
  if (before === undefined) return [];
  const change = after === undefined ? "" : ` (${((after.eval_loss / before.eval_loss - 1) * 100).toFixed(1)} %)`;
  type Figure = "eval_loss" | "perplexity" | "bits_per_byte";
  const shown = (figures: Partial<LossFigures> | undefined, figure: Figure, digits: number) => {
    const value = figures?.[figure];
    if (value === undefined) return "";
    const stderr = figures?.[`${figure}_stderr`] ?? null;
    return `${value.toFixed(digits)}${stderr === null ? "" : ` ± ${stderr.toFixed(digits)}`}`;
  };
  const row = (title: string, figure: Figure, digits: number, note = "") => [
    title,
    shown(before, figure, digits),
    ...(after ? [shown(after, figure, digits) + note, shown(difference, figure, digits)] : []),
  ];
  return [{
    type: "table",
    header: ["", "before 训练前", ...(after ? ["after 训练后", "difference 差异"] : [])],
    rows: [
      row("eval_loss 验证损失", "eval_loss", 4, change),
      row("perplexity 困惑度", "perplexity", 2),
      row("bits_per_byte 每字节比特", "bits_per_byte", 4),
    ],
  }];
}

function subjectOf({ base, adapter, tokens }: ReportSource): string[] {
  const known = [
    ...(adapter?.parameters === undefined ? [] : [`${adapter.parameters.toLocaleString("en")} parameters`]),
    ...(adapter?.steps === undefined ? [] : [`${adapter.steps} optimizer steps`]),
  ];
  return [
    `Base 基座: ${base.name}, ${base.parameters.toLocaleString("en")} parameters, ${base.bits} bits`,
    ...(adapter
      ? [`Adapter 适配器: ${known.join(", ") || "a folder, nothing known of its training 来自文件夹，训练情况未知"}`]
      : []),
    ...(tokens
      ? [
        `Data 数据: ${tokens.train.rows} rows to train on, ${tokens.validation.rows} held out; ` +
        `${tokens.validation.labelledTokens} tokens scored`,
        `Loss on 损失计算于: ${LEARNT[tokens.trainOn]}`,
      ]
      : []),
  ];
}

/** The file of a task's plot. */
export function chartFile(task: string, metric: TaskMetric): string {
  return `${task}_${metric}.svg`;
}

const ALL = { en: "all", zh: "全部" };

/** A kind of items in both languages, where it is one of the project's own. */
function kindWords(name: string): string | Words {
  const zh = kindsInChinese.get(name);
  return zh === undefined ? name : { en: name, zh };
}

function shownKind(name: string): string {
  return [name, kindsInChinese.get(name) ?? ""].join(" ").trim();
}

/** The plot of a figure of a task. */
export function chartOf(task: Pick<TaskResult, "name">, metric: MetricResult): string {
  const { title, most } = METRICS[metric.metric];
  return barChart(`${task.name}: ${title}`, [
    { name: ALL, ...metric },
    ...metric.groups.map((group) => ({ ...group, name: kindWords(group.name) })),
  ], most);
}

function taskBlocks({ result, items }: TaskOutcome): Block[] {
  const facts = Object.entries(result.facts).map(([name, value]) => `${name}: ${value}`);
  return [
    { type: "heading", level: 2, text: `${result.name} (${result.count} items 题)` },
    ...(facts.length > 0 ? [{ type: "list" as const, items: facts }] : []),
    ...result.metrics.flatMap((metric) => metricBlocks(result, metric)),
    ...exampleBlocks(items),
  ];
}

/** A figure of a task as a table and a plot. */
export function metricBlocks(task: Pick<TaskResult, "name">, metric: MetricResult): Block[] {
  return [metricTable(metric), {
    type: "figure",
    file: chartFile(task.name, metric.metric),
    alt: `${task.name}: ${METRICS[metric.metric].title}`,
    svg: chartOf(task, metric),
  }];
}

function metricTable(metric: MetricResult): Block {
  const { title, most } = METRICS[metric.metric];
  const shown = (measure: Measure, signed = false) => shownMeasure(measure, most, signed);
  const row = (name: string, count: number, { before, after, difference }: Compared) => [
    name,
    `${count}`,
    shown(before),
    ...(after && difference ? [shown(after), shown(difference, true)] : []),
  ];
  const { groups, meanOfGroups } = metric;
  const compared = metric.after === undefined ? [] : ["after 训练后", "difference 差异"];
  return {
    type: "table",
    header: [title, "items 题数", "before 训练前", ...compared],
    rows: [
      row("all 全部", metric.count, metric),
      ...(meanOfGroups ? [row("mean of kinds 各类平均", groups.length, meanOfGroups)] : []),
      ...groups.map((group) => row(shownKind(group.name) || "–", group.count, group)),
    ],
  };
}

/** A figure of a metric for a person to read, without its error. */
export function shownValue(metric: TaskMetric, value: number): string {
  return shownMeasure({ value, stderr: null }, METRICS[metric].most, false);
}

/** Some items with what both sides made of them: in a table where all texts are short. */
function exampleBlocks(items: readonly ItemResult[]): Block[] {
  const byGroup = [...Map.groupBy(items, ({ group }) => group).values()];
  const shown = byGroup.flatMap((of) => of.slice(0, shownOfGroup)).slice(0, shownOfTask);
  const isShort = ({ question, target, before, after }: ItemResult) =>
    [question, target, before.response, after?.response ?? ""].every((text) =>
      text.length <= 60 && !text.includes("\n")
    );
  return shown.every(isShort) ? [exampleTable(shown)] : shown.flatMap(exampleQuotes);
}

function exampleTable(items: readonly ItemResult[]): Block {
  const compared = items.some(({ after }) => after !== undefined);
  const answer = ({ response, scores }: ItemResponse) => `${response}${markOf(scores)}`;
  return {
    type: "table",
    textual: true,
    header: ["Question 问题", "Expected 参考答案", "Before 训练前", ...(compared ? ["After 训练后"] : [])],
    rows: items.map(({ question, target, before, after }) => [
      question,
      target,
      answer(before),
      ...(after ? [answer(after)] : []),
    ]),
  };
}

function exampleQuotes(item: ItemResult, i: number): Block[] {
  const { group, question, target, before, after } = item;
  return [
    { type: "heading", level: 3, text: `${i + 1}${group === "" ? "" : ` · ${shownKind(group)}`}` },
    { type: "quote", label: "Question 问题", text: question },
    { type: "quote", label: "Expected 参考答案", text: target },
    { type: "quote", label: `Before 训练前${markOf(before.scores)}`, text: before.response },
    ...(after ? [{ type: "quote" as const, label: `After 训练后${markOf(after.scores)}`, text: after.response }] : []),
  ];
}

function markOf({ exact_match, acc }: ItemResponse["scores"]): string {
  const decided = exact_match ?? acc;
  return decided === undefined ? "" : decided === 1 ? " ✓" : " ✗";
}

function answerBlocks({ samples, sample_metrics }: EvaluationResults): Block[] {
  if (samples.length === 0) return [];
  return [
    { type: "heading", level: 2, text: "Answers 回答" },
    {
      type: "text",
      text: "Greedy decoding of the first held-out instructions. 对前几条留出指令的贪心解码。",
    },
    ...sample_metrics.map(metricTable),
    ...samples.flatMap(({ instruction, input, expected, before, after }, i): Block[] => [
      { type: "heading", level: 3, text: `${i + 1}` },
      { type: "quote", label: "Instruction 指令", text: instruction },
      ...(input === "" ? [] : [{ type: "quote" as const, label: "Input 输入", text: input }]),
      { type: "quote", label: "Expected 参考答案", text: expected },
      { type: "quote", label: "Before 训练前", text: before },
      ...(after === undefined ? [] : [{ type: "quote" as const, label: "After 训练后", text: after }]),
    ]),
  ];
}
