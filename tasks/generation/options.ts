// The flags that every task which talks to a model has, and what they mean.
import { basename, dirname, resolve } from "@std/path";
import { parseTemplateKwargs } from "../../datasets/templates/chat_template.ts";
import type { TemplateOptions } from "../../datasets/templates/templates.ts";
import { embeddedModelPath, inputOptions, quantizeOptions, templateOptions, z } from "../../mod.ts";
import type { Language } from "../cli/language.ts";
import { CACHE_OPTIONS, DEVICE_OPTION, LANG_OPTION } from "../cli/options/shared_options.ts";
import { UsageError } from "../cli/usage_error.ts";

/** Most tokens of prompt and answer together when nothing else is said; a model with fewer positions has fewer. */
const DEFAULT_CONTEXT_LENGTH = 2048;

/** Flags of a task that talks to a model. */
export const MODEL_OPTIONS = {
  baseModel: inputOptions.baseModel.optional().describe(
    "folder of the base model, or owner/name on the Hugging Face hub; left out, that of the quickstart",
  ).meta({ zh: "基座模型文件夹，或 Hugging Face 上的 owner/name；省略则为 quickstart 的基座" }),
  loraPath: z.array(z.string()).default([]).describe(
    "folder of a PEFT adapter, or NAME=FOLDER; its name is that of the folder otherwise",
  ).meta({ zh: "PEFT 适配器文件夹，或 名称=文件夹；默认以文件夹名为名称", aliases: ["lora_path"] }),
  bits: quantizeOptions.bits.describe("bits of a base weight").meta({ zh: "基座权重位数" }),
  contextLength: z.number().int().min(16).default(DEFAULT_CONTEXT_LENGTH).describe(
    "most tokens of prompt and answer together",
  ).meta({ zh: "提示与回答合计最多的 token 数" }),
  template: templateOptions.template.unwrap().optional().describe(
    "how a conversation is written; by default the tokenizer's chat template if it has one, else alpaca",
  ).meta({ zh: "对话的写法；默认用分词器自带的对话模板，没有则用 alpaca" }),
  chatTemplateKwargs: templateOptions.chatTemplateKwargs.describe(
    `variables of the chat template as JSON: '{"enable_thinking": false}'`,
  ).meta({ zh: `对话模板的变量（JSON），如 '{"enable_thinking": false}'` }),
  templateDate: templateOptions.templateDate.describe(
    "the day that a chat template which asks for it is told, YYYY-MM-DD; today by default",
  ).meta({ zh: "告诉对话模板的日期（YYYY-MM-DD）；默认为今天" }),
  cacheDir: CACHE_OPTIONS.cacheDir.describe("folder of the cache, where the quantised base is kept").meta({
    zh: "缓存文件夹，量化后的基座存于此",
  }),
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
      throw new UsageError(
        language === "zh"
          ? `--lora-path ${path}：名称 ${name} 已被占用，请写作 名称=${path}`
          : `--lora-path ${path}: the name ${name} is taken; write NAME=${path}`,
      );
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
