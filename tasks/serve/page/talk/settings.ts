// Where the controls stand, what they do, and which of them do nothing.
import type { Control } from "../../../generation/control.ts";
import {
  GENERATION_DEFAULTS,
  type GenerationParams,
  ineffectiveControls,
} from "../../../../models/generation/request.ts";
import { isRecord, recall, remember } from "../parts/remember.ts";
import { Store } from "../parts/store.ts";
import type { ServerState } from "../wire.ts";

/** The two ways to talk. */
export type Mode = "instruct" | "chat";

/** A control that has a number. */
export type ControlName = Control["name"];

/** Where everything stands. */
export interface Settings {
  readonly numbers: Readonly<Record<ControlName, number>>;
  readonly doSample: boolean;
  readonly showBeams: boolean;
  /** Name of the prompt's template. */
  readonly template: string;
  /** Texts that end the answer, one a line. */
  readonly stop: string;
  /** What the model is told before a conversation; "" for nothing. */
  readonly system: string;
}

/** Why a control does nothing. */
export type NoEffect = "not-sampling" | "temperature-zero" | "no-history" | "one-beam";

/** Where everything stands at first. */
export function initialSettings(
  controls: readonly Control[],
  mode: Mode,
  template: string,
  doSample = false,
): Settings {
  const numbers = Object.fromEntries(controls.map((control) => [control.name, control[mode]]));
  return {
    numbers: numbers as Record<ControlName, number>,
    doSample,
    showBeams: false,
    template,
    stop: "",
    system: "",
  };
}

/** The settings of a mode, which the browser keeps. */
export function openSettings(
  { controls, templates, template, doSample }: Pick<ServerState, "controls" | "templates" | "template" | "doSample">,
  mode: Mode,
): Store<Settings> {
  // The server's in both: an adapter answers well only in the form that it was taught.
  const initial = initialSettings(controls, mode, template, doSample);
  const kept = mergeSettings(controls, initial, recall(`settings.${mode}`, isRecord) ?? {});
  const known = templates.some((name) => name === kept.template);
  const store = new Store(known ? kept : { ...kept, template });
  store.subscribe(() => remember(`settings.${mode}`, store.value));
  return store;
}

/** Settings with those that someone else gives, as far as they make sense. */
export function mergeSettings(
  controls: readonly Control[],
  settings: Settings,
  given: Readonly<Record<string, unknown>>,
): Settings {
  const numbers = { ...settings.numbers };
  for (const control of controls) {
    const value = isRecord(given["numbers"]) ? given["numbers"][control.name] : undefined;
    if (typeof value === "number" && Number.isFinite(value)) numbers[control.name] = clamp(value, control);
  }
  const flag = (name: "doSample" | "showBeams") => typeof given[name] === "boolean" ? given[name] : settings[name];
  const text = (name: "template" | "stop" | "system") => typeof given[name] === "string" ? given[name] : settings[name];
  return {
    numbers,
    doSample: flag("doSample"),
    showBeams: flag("showBeams"),
    template: text("template"),
    stop: text("stop"),
    system: text("system"),
  };
}

/** The nearest number that a control can stand at. */
export function clamp(value: number, { min, max, step }: Control): number {
  const stepped = Number.isInteger(step) ? Math.round(value) : value;
  return Math.min(max, Math.max(min, stepped));
}

/** The parameters of a generation that the settings mean. */
export function paramsOf({ numbers, doSample, stop }: Settings): GenerationParams {
  const { maxMemory: _, ...rest } = numbers;
  const stops = stop.split("\n").map((line) => line.replaceAll("\\n", "\n")).filter((line) => line !== "");
  return { ...GENERATION_DEFAULTS, ...rest, doSample, stop: stops };
}

/** Which controls do nothing now, and why. */
export function withoutEffect(settings: Settings, mode: Mode): ReadonlyMap<ControlName | "showBeams", NoEffect> {
  const found = new Map<ControlName | "showBeams", NoEffect>();
  const cold = settings.doSample && settings.numbers.temperature === 0;
  // Away from its default, a control that does nothing is named by the library itself.
  const away = { temperature: 0.5, topP: 0.5, topK: 7, minP: 0.5, seed: 7 };
  const doSample = settings.doSample && !cold;
  for (const { name } of ineffectiveControls({ ...paramsOf(settings), ...away, doSample })) {
    if (!(name in settings.numbers) || (cold && name === "temperature")) continue;
    found.set(name as ControlName, cold ? "temperature-zero" : "not-sampling");
  }
  if (mode === "instruct") found.set("maxMemory", "no-history");
  if (settings.numbers.beams === 1) found.set("showBeams", "one-beam");
  return found;
}
