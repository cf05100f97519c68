// The flags that say how an answer is generated, for tasks of the terminal.
import { z } from "../../mod.ts";
import { GENERATION_DEFAULTS, type GenerationParams, ineffectiveControls } from "../../models/generation/request.ts";
import type { SamplingDefaults } from "../../models/formats/generation_config.ts";
import { kebabCase } from "../cli/options/flags.ts";
import type { Language } from "../cli/language.ts";
import { GENERATION_FIELDS } from "./controls.ts";

/** Flags of generation; names and aliases as in Chinese-Vicuna's scripts and in transformers. */
export const GENERATION_OPTIONS = {
  maxNewTokens: GENERATION_FIELDS.maxNewTokens.describe("most tokens of the answer").meta({
    zh: "回答最多的 token 数",
  }),
  minNewTokens: GENERATION_FIELDS.minNewTokens.describe("the answer does not end before so many tokens").meta({
    zh: "回答最少的 token 数",
  }),
  sample: z.boolean().default(false).describe("draw each token by chance; also switched on by a temperature above 0")
    .meta({ zh: "随机采样；温度大于 0 时也会启用", aliases: ["do_sample"] }),
  temperature: GENERATION_FIELDS.temperature.unwrap().optional().describe(
    "higher is more varied; 0 takes the most likely token each time (default: 1 with --sample, else 0)",
  ).meta({ zh: "越高越多样；0 表示每次取最可能的 token（默认：有 --sample 时为 1，否则为 0）" }),
  topP: GENERATION_FIELDS.topP.describe("sample among the most likely tokens with this total probability").meta({
    zh: "只在累计概率达到该值的 token 中采样",
  }),
  topK: GENERATION_FIELDS.topK.describe("sample among so many most likely tokens; 0 for all").meta({
    zh: "只在最可能的若干 token 中采样；0 表示全部",
  }),
  minP: GENERATION_FIELDS.minP.describe(
    "sample among tokens at least this share as likely as the most likely one; 0 for all",
  ).meta({ zh: "只在概率不低于最可能 token 的该比例的 token 中采样；0 表示全部" }),
  beams: GENERATION_FIELDS.beams.describe("beams of a search for the most likely answer; 1 for none").meta({
    zh: "束搜索的束数；1 表示不用",
    aliases: ["num_beams", "beam_number"],
  }),
  repetitionPenalty: GENERATION_FIELDS.repetitionPenalty.describe(
    "above 1 makes tokens of prompt and answer less likely",
  ).meta({ zh: "大于 1 时降低提示与回答中已出现 token 的概率" }),
  stop: GENERATION_FIELDS.stop.describe("text that ends the answer; may be given several times").meta({
    zh: "出现即结束回答的文本；可给出多次",
  }),
  seed: GENERATION_FIELDS.seed.describe("seed of the sampling").meta({ zh: "采样的随机种子" }),
};

const schema = z.object(GENERATION_OPTIONS);

/**
 * What these flags say.
 *
 * @param publishers what the model's publisher would have, for flags that are not among `given`
 */
export function paramsOf(
  options: z.output<typeof schema>,
  publishers: SamplingDefaults = {},
  given: ReadonlySet<string> = new Set(),
): GenerationParams {
  const samples = given.has("sample") ? options.sample : options.sample || (publishers.doSample ?? false);
  const { temperature = samples ? publishers.temperature ?? GENERATION_DEFAULTS.temperature : 0 } = options;
  const doSample = temperature > 0;
  const { maxNewTokens, minNewTokens, beams, stop, seed } = options;
  const chosen = (name: "topP" | "topK" | "minP" | "repetitionPenalty") =>
    given.has(name) ? options[name] : publishers[name] ?? options[name];
  // What is for sampling would only be named as without effect where nothing is sampled.
  const cuts = doSample
    ? { topP: chosen("topP"), topK: chosen("topK"), minP: chosen("minP") }
    : { topP: options.topP, topK: options.topK, minP: options.minP };
  return {
    ...{ maxNewTokens, minNewTokens, ...cuts, beams, repetitionPenalty: chosen("repetitionPenalty"), stop, seed },
    doSample,
    temperature: doSample ? temperature : GENERATION_DEFAULTS.temperature,
  };
}

/** Shows what the model's publisher would have of sampling; undefined when that is nothing. */
export function publishersLine(publishers: SamplingDefaults, language: Language): string | undefined {
  const shown = Object.entries(publishers).map(([name, value]) => `${kebabCase(name)} ${value}`).join(", ");
  if (shown === "") return undefined;
  return language === "zh"
    ? `模型自带的生成设置（generation_config.json）：${shown}；命令行选项优先`
    : `the model's own settings (generation_config.json): ${shown}; flags come first`;
}

/** Names the flags that change nothing; undefined when there is none. */
export function ineffectiveLine(params: GenerationParams, language: Language): string | undefined {
  const names = ineffectiveControls(params).map(({ name }) => `--${kebabCase(name)}`);
  if (names.length === 0) return undefined;
  return language === "zh"
    ? `${names.join("、")} 只在采样时起作用：请加 --sample 或大于 0 的 --temperature`
    : `${names.join(", ")}: no effect without sampling (--sample, or a --temperature above 0)`;
}
