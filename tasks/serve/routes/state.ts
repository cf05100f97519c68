// GET /api/state: what there is to talk to and how.
import { TEMPLATE_NAMES, type TemplateName } from "../../../datasets/templates.ts";
import type { Language } from "../../cli/language.ts";
import { type Control, CONTROLS } from "../../generation/controls.ts";
import type { ServeContext } from "../context.ts";

/** Answer of GET /api/state. */
export interface ServerState {
  /** Name of the base model. */
  readonly model: string;
  /** Names of the loaded adapters. */
  readonly adapters: readonly string[];
  /** Most tokens of prompt and answer together. */
  readonly positions: number;
  /** The device that computes. */
  readonly device: string;
  /** Templates that a request may name. */
  readonly templates: readonly TemplateName[];
  /** The template of requests that name none. */
  readonly template: TemplateName;
  readonly controls: readonly Control[];
  /** The language that the server was started in. */
  readonly language: Language;
}

/** The state now. */
export function stateOf({ generator, model, device, template, language }: ServeContext): ServerState {
  const templates = TEMPLATE_NAMES.filter((name) =>
    name !== "tokenizer" || generator.tokenizer.chatTemplate !== undefined
  );
  const { adapters, positions } = generator;
  return { model, adapters, positions, device, templates, template, controls: CONTROLS, language };
}
