import { z } from "zod";
import { checkValues } from "../cli/options/check_values.ts";
import { parseCommand } from "../cli/command.ts";
import { flagsOf } from "../cli/options/flags.ts";
import type { Language } from "../cli/language.ts";
import { UsageError } from "../cli/usage_error.ts";
import { MODEL_OPTIONS } from "../generation/options.ts";
import { isLoopback } from "./listen.ts";

/** The variable that has the key where no flag does: a flag can be read by everyone on the machine. */
const KEY_VARIABLE = "VICUNA_API_KEY";

const schema = z.object({
  ...MODEL_OPTIONS,
  host: z.string().default("127.0.0.1").describe("address to listen on; any but this machine's own wants --api-key")
    .meta({ zh: "监听地址；本机以外的地址须同时给出 --api-key" }),
  port: z.number().int().min(0).max(65535).default(8000).describe("port to listen on; 0 for a free one").meta({
    zh: "监听端口；0 表示任选空闲端口",
  }),
  apiKey: z.string().min(1).optional().describe(
    `key that callers must show; ${KEY_VARIABLE} in the environment does too`,
  )
    .meta({ zh: `调用者须出示的密钥；也可用环境变量 ${KEY_VARIABLE}` }),
  allowOrigin: z.array(z.string()).default([]).describe(
    "origin of another web page that may call, such as https://example.org; * for all",
  ).meta({ zh: "允许调用的其他网页来源，如 https://example.org；* 表示全部" }),
  allowHost: z.array(
    z.string().regex(/^[^\s/:]+$/, "wanted a name without http:// and port"),
  ).default([]).describe(
    "another name that this machine is called by, such as host.docker.internal from a container",
  ).meta({ zh: "本机的其他名称，如容器中的 host.docker.internal" }),
  slots: z.number().int().min(1).max(64).default(8).describe("answers that are generated together").meta({
    zh: "同时生成的回答数",
  }),
  queue: z.number().int().min(0).max(10_000).default(32).describe("requests that may wait for a slot; more are refused")
    .meta({ zh: "可排队等待的请求数；超出即拒绝" }),
});

/** The flags of `deno task serve`. */
export type ServeOptions = z.output<typeof schema>;

/**
 * Reads the command line; prints the help and gives undefined when that was asked for.
 *
 * @throws {UsageError} for whatever does not fit, and for an address that others can reach without a key
 */
export function readServeOptions(
  args: readonly string[],
  language: Language,
  env: (name: string) => string | undefined = (name) => Deno.env.get(name),
): ServeOptions | undefined {
  const zh = language === "zh";
  const parsed = parseCommand(args, {
    task: "serve",
    usage: "[--base-model FOLDER] [--lora-path FOLDER …] [options]",
    description: zh
      ? "提供与模型对话的网页，以及与 OpenAI 兼容的接口（/v1）。"
      : "Serves a page to talk to a model, and an API like OpenAI's at /v1.",
    groups: [{ heading: zh ? "选项：" : "Options:", flags: flagsOf(schema) }],
  }, language);
  if (parsed.wantsHelp) {
    console.log(parsed.help);
    return undefined;
  }
  const apiKey = parsed.values["apiKey"] ?? (env(KEY_VARIABLE) || undefined);
  const checked = checkValues(schema, { ...parsed.values, apiKey }, "serve", language);
  const { host } = checked;
  if (!isLoopback(host) && checked.apiKey === undefined) {
    throw new UsageError(
      zh
        ? `--host ${host} 可被其他机器访问：请同时给出 --api-key（或 ${KEY_VARIABLE}）`
        : `--host ${host} can be reached by other machines: give --api-key (or ${KEY_VARIABLE}) as well`,
    );
  }
  return checked;
}
