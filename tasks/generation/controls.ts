// The controls of generation as a person sees them: Chinese-Vicuna's names, ranges and defaults.
import { z } from "../../mod.ts";
import { GENERATION_DEFAULTS, type GenerationParams } from "../../models/generation/request.ts";
import type { SamplingDefaults } from "../../models/formats/generation_config.ts";
import type { Control } from "./control.ts";

const control = (
  name: Control["name"],
  [min, max, step]: readonly [number, number, number],
  instruct: number,
  chat: number = instruct,
): Control => ({ name, min, max, step, instruct, chat });

/** All controls, in the order in which they are shown. */
export const CONTROLS: readonly Control[] = [
  control("temperature", [0, 1, 0.01], 0.1, 1),
  control("topP", [0, 1, 0.01], 0.75, 0.9),
  control("topK", [0, 100, 1], 40, 60),
  control("minP", [0, 1, 0.01], 0),
  control("beams", [1, 10, 1], 4),
  control("maxNewTokens", [1, 2000, 1], 128, 256),
  control("minNewTokens", [1, 1024, 1], 1),
  control("repetitionPenalty", [0.1, 10, 0.1], 2),
  control("maxMemory", [0, 2048, 1], 256, 2048),
  control("seed", [0, 2 ** 31 - 1, 1], 0),
];

/** All controls, where they stand at first as the model's publisher would have it, if that says anything. */
export function controlsFor(publishers: SamplingDefaults): readonly Control[] {
  if (Object.keys(publishers).length === 0) return CONTROLS;
  const first: Partial<Record<Control["name"], number>> = { beams: 1, repetitionPenalty: 1, ...numbersOf(publishers) };
  return CONTROLS.map((each) => {
    const value = first[each.name];
    return value === undefined ? each : { ...each, max: Math.max(each.max, value), instruct: value, chat: value };
  });
}

function numbersOf({ doSample: _, ...numbers }: SamplingDefaults): Omit<SamplingDefaults, "doSample"> {
  return numbers;
}

/** Most beams of a search. */
export const MOST_BEAMS = 10;

/** What a generation can be told, with the library's defaults: what the command line and the interfaces in JSON share. */
export const GENERATION_FIELDS = {
  maxNewTokens: z.int().min(1).default(GENERATION_DEFAULTS.maxNewTokens),
  minNewTokens: z.int().min(0).default(GENERATION_DEFAULTS.minNewTokens),
  temperature: z.number().min(0).default(GENERATION_DEFAULTS.temperature),
  topP: z.number().min(0).max(1).default(GENERATION_DEFAULTS.topP),
  topK: z.int().min(0).default(GENERATION_DEFAULTS.topK),
  minP: z.number().min(0).max(1).default(GENERATION_DEFAULTS.minP),
  beams: z.int().min(1).max(MOST_BEAMS).default(GENERATION_DEFAULTS.beams),
  repetitionPenalty: z.number().gt(0).default(GENERATION_DEFAULTS.repetitionPenalty),
  stop: z.array(z.string().min(1)).default([...GENERATION_DEFAULTS.stop]),
  seed: z.int().min(0).max(2 ** 31 - 1).default(GENERATION_DEFAULTS.seed),
};

/** Parameters of a generation in JSON, where anyone may ask: with bounds. A temperature of 0 means greedy. */
export const GENERATION_SCHEMA = z.strictObject({
  ...GENERATION_FIELDS,
  doSample: z.boolean().default(GENERATION_DEFAULTS.doSample),
  temperature: GENERATION_FIELDS.temperature.unwrap().max(100).default(GENERATION_DEFAULTS.temperature),
  repetitionPenalty: GENERATION_FIELDS.repetitionPenalty.unwrap().max(100).default(
    GENERATION_DEFAULTS.repetitionPenalty,
  ),
  stop: GENERATION_FIELDS.stop.unwrap().max(16).default([...GENERATION_DEFAULTS.stop]),
}).transform((params): GenerationParams =>
  params.temperature === 0 ? { ...params, doSample: false, temperature: GENERATION_DEFAULTS.temperature } : params
);
