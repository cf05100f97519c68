// Parameters in the first line of a saved conversation: the form that the page has for its controls.
import { GENERATION_DEFAULTS, type GenerationParams } from "../../models/generation/request.ts";
import type { Control } from "./control.ts";
import { CONTROLS, GENERATION_SCHEMA } from "./controls.ts";

/** What a conversation is held with. */
export interface ChatSettings {
  readonly params: GenerationParams;
  /** Most tokens of earlier turns that a prompt keeps. */
  readonly maxMemory: number;
  /** What stands before the conversation; "" for nothing. */
  readonly system: string;
}

/** The settings as they are saved. A prompt's template is named beside them. */
export function savedParams({ params, maxMemory, system }: ChatSettings, template: string): Record<string, unknown> {
  const values: Readonly<Record<Control["name"], number>> = { ...params, maxMemory };
  return {
    numbers: Object.fromEntries(CONTROLS.map(({ name }) => [name, values[name]])),
    doSample: params.doSample,
    showBeams: false,
    template,
    stop: params.stop.map((text) => text.replaceAll("\n", "\\n")).join("\n"),
    ...(system !== "" && { system }),
  };
}

/** Settings with those that were saved, as far as they make sense. */
export function mergeSavedParams(settings: ChatSettings, saved: Readonly<Record<string, unknown>>): ChatSettings {
  const { numbers, doSample, stop, system } = saved;
  const named: Record<string, unknown> = typeof numbers === "object" && numbers !== null ? { ...numbers } : {};
  if (typeof doSample === "boolean") named["doSample"] = doSample;
  if (typeof stop === "string") named["stop"] = readStop(stop);
  let { params, maxMemory } = settings;
  for (const [name, value] of Object.entries(named)) {
    if (name === "maxMemory") maxMemory = typeof value === "number" && value >= 0 ? Math.floor(value) : maxMemory;
    else if (Object.hasOwn(GENERATION_DEFAULTS, name)) params = withParam(params, name, value) ?? params;
  }
  return { params, maxMemory, system: typeof system === "string" ? system : "" };
}

/** Parameters with another value of one; undefined when it does not fit. */
export function withParam(params: GenerationParams, name: string, value: unknown): GenerationParams | undefined {
  if (value === undefined) return undefined; // the schema would take it for the default
  const checked = GENERATION_SCHEMA.safeParse({ ...params, [name]: value });
  return checked.success ? checked.data : undefined;
}

/** The texts that end an answer, one a line, with `\n` for a new line in them. */
export function readStop(lines: string): string[] {
  return lines.split("\n").map((line) => line.replaceAll("\\n", "\n")).filter((line) => line !== "");
}
