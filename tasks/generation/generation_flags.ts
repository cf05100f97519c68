// The flags that say how an answer is generated, for tasks of the terminal.
import { z } from "../../mod.ts";
import { GENERATION_DEFAULTS, type GenerationParams, ineffectiveControls } from "../../models/generation/request.ts";
import type { SamplingDefaults } from "../../models/formats/generation_config.ts";
import { kebabCase } from "../cli/options/flags.ts";
import type { Language } from "../cli/language.ts";
import { GENERATION_FIELDS } from "./controls.ts";
import { generationMessagesIn } from "./messages.ts";

/** Flags of generation; names and aliases as in Chinese-Vicuna's scripts and in transformers. */
export const GENERATION_OPTIONS = {
  maxNewTokens: GENERATION_FIELDS.maxNewTokens,
  minNewTokens: GENERATION_FIELDS.minNewTokens,
  sample: z.boolean().default(false)
    .meta({ aliases: ["do_sample"] }),
  temperature: GENERATION_FIELDS.temperature.unwrap().optional(),
  topP: GENERATION_FIELDS.topP,
  topK: GENERATION_FIELDS.topK,
  minP: GENERATION_FIELDS.minP,
  beams: GENERATION_FIELDS.beams.meta({
    aliases: ["num_beams", "beam_number"],
  }),
  repetitionPenalty: GENERATION_FIELDS.repetitionPenalty,
  stop: GENERATION_FIELDS.stop,
  seed: GENERATION_FIELDS.seed,
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
  return generationMessagesIn(language).publishers(shown);
}

/** Names the flags that change nothing; undefined when there is none. */
export function ineffectiveLine(params: GenerationParams, language: Language): string | undefined {
  const names = ineffectiveControls(params).map(({ name }) => `--${kebabCase(name)}`);
  return names.length === 0 ? undefined : generationMessagesIn(language).ineffective(names);
}
