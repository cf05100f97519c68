// The flags that every task which talks to a model has, and what they mean.
import { basename, dirname, resolve } from "@std/path";
import { parseTemplateKwargs } from "../../datasets/templates/chat_template.ts";
import type { TemplateOptions } from "../../datasets/templates/templates.ts";
import { embeddedModelPath, inputOptions, quantizeOptions, templateOptions, z } from "../../mod.ts";
import type { Language } from "../cli/language.ts";
import { CACHE_OPTIONS, DEVICE_OPTION, LANG_OPTION } from "../cli/options/shared_options.ts";
import { UsageError } from "../cli/usage_error.ts";
import { generationMessagesIn } from "./messages.ts";

/** Most tokens of prompt and answer together when nothing else is said; a model with fewer positions has fewer. */
const DEFAULT_CONTEXT_LENGTH = 2048;

/** Flags of a task that talks to a model. */
export const MODEL_OPTIONS = {
  baseModel: inputOptions.baseModel.optional(),
  loraPath: z.array(z.string()).default([]).meta({ aliases: ["lora_path"] }),
  bits: quantizeOptions.bits,
  contextLength: z.number().int().min(16).default(DEFAULT_CONTEXT_LENGTH),
  template: templateOptions.template.unwrap().optional(),
  chatTemplateKwargs: templateOptions.chatTemplateKwargs,
  templateDate: templateOptions.templateDate,
  cacheDir: CACHE_OPTIONS.cacheDir,
  ...DEVICE_OPTION,
  ...LANG_OPTION,
};

/**
 * What these flags tell the chat template.
 *
 * @throws {DataError} for variables that are no JSON object
 */
export function templateOptionsOf(
  { chatTemplateKwargs, templateDate }: {
    readonly chatTemplateKwargs: string;
    readonly templateDate?: string | undefined;
  },
): TemplateOptions {
  return { chatTemplateKwargs: parseTemplateKwargs(chatTemplateKwargs), templateDate };
}

/** The base model that is meant: without a name, the one that comes with the project. */
export function chosenBase(baseModel: string | undefined): string {
  return baseModel ?? embeddedModelPath;
}

/** An adapter to load. */
export interface NamedAdapter {
  readonly name: string;
  readonly path: string;
}

/**
 * Reads `FOLDER` and `NAME=FOLDER`. A checkpoint has the name of its training before its own: `belle/checkpoint-200`.
 *
 * @throws {UsageError} when two have the same name, or one has that of the base
 */
export function namedAdapters(given: readonly string[], model: string, language: Language): NamedAdapter[] {
  const adapters = given.map((text): NamedAdapter => {
    const [, name, path] = /^([^/\\=]+)=(.+)$/.exec(text) ?? [];
    return name !== undefined && path !== undefined ? { name, path } : { name: nameOfFolder(text), path: text };
  });
  const taken = new Set([model]);
  for (const { name, path } of adapters) {
    if (taken.has(name)) {
      throw new UsageError(generationMessagesIn(language).nameTaken(path, name));
    }
    taken.add(name);
  }
  return adapters;
}

/** The name that a folder is known by. */
function nameOfFolder(path: string): string {
  const folder = resolve(path);
  const own = basename(folder);
  return /^checkpoint-\d+$/.test(own) ? `${basename(dirname(folder))}/${own}` : own;
}

/** The name of a base model: that of its folder, or `owner/name` on the hub. */
export async function nameOfBase(baseModel: string): Promise<string> {
  const found = await Deno.stat(baseModel).catch(() => undefined);
  return found === undefined ? baseModel : nameOfFolder(baseModel).replace(/\.gguf$/i, "");
}
