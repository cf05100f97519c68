import { z } from "zod";
import { checkValues } from "../cli/options/check_values.ts";
import { parseCommand } from "../cli/command.ts";
import { flagsOf } from "../cli/options/flags.ts";
import type { Language } from "../cli/language.ts";
import { messagesIn } from "../cli/messages.ts";
import { UsageError } from "../cli/usage_error.ts";
import { generationMessagesIn } from "../generation/messages.ts";
import { MODEL_OPTIONS } from "../generation/options.ts";
import { isLoopback } from "./listen.ts";
import { serveMessagesIn } from "./messages.ts";

/** The variable that has the key where no flag does: a flag can be read by everyone on the machine. */
const KEY_VARIABLE = "VICUNA_API_KEY";

const schema = z.object({
  ...MODEL_OPTIONS,
  host: z.string().default("127.0.0.1"),
  port: z.number().int().min(0).max(65535).default(8000),
  apiKey: z.string().min(1).optional(),
  allowOrigin: z.array(z.string()).default([]),
  allowHost: z.array(
    z.string().regex(/^[^\s/:]+$/, "wanted a name without http:// and port"),
  ).default([]),
  slots: z.number().int().min(1).max(64).default(8),
  queue: z.number().int().min(0).max(10_000).default(32),
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
  const common = messagesIn(language);
  const messages = serveMessagesIn(language);
  const parsed = parseCommand(args, {
    task: "serve",
    usage: "[--base-model FOLDER] [--lora-path FOLDER …] [options]",
    description: messages.description,
    groups: [{
      heading: common.optionsHeading,
      flags: flagsOf(schema, {
        ...common.options,
        ...generationMessagesIn(language).modelOptions,
        ...messages.options,
      }),
    }],
  }, language);
  if (parsed.wantsHelp) {
    console.log(parsed.help);
    return undefined;
  }
  const apiKey = parsed.values["apiKey"] ?? (env(KEY_VARIABLE) || undefined);
  const checked = checkValues(schema, { ...parsed.values, apiKey }, "serve", language);
  const { host } = checked;
  if (!isLoopback(host) && checked.apiKey === undefined) {
    throw new UsageError(messages.wantsKey(host, KEY_VARIABLE));
  }
  return checked;
}
