import { z } from "../../mod.ts";
import { checkValues } from "../cli/options/check_values.ts";
import { parseCommand } from "../cli/command.ts";
import { flagsOf } from "../cli/options/flags.ts";
import type { Language } from "../cli/language.ts";
import { messagesIn } from "../cli/messages.ts";
import { CONTROLS } from "../generation/controls.ts";
import { GENERATION_OPTIONS } from "../generation/generation_flags.ts";
import { generationMessagesIn } from "../generation/messages.ts";
import { MODEL_OPTIONS } from "../generation/options.ts";
import { chatMessagesIn } from "./messages.ts";

const schema = z.object({
  ...MODEL_OPTIONS,
  system: z.string().default(""),
  maxMemory: z.number().int().min(0).default(CONTROLS.find(({ name }) => name === "maxMemory")?.chat ?? Infinity)
    .meta({ aliases: ["max_memory"] }),
  ...GENERATION_OPTIONS,
});

/** The flags of `deno task chat`, and the fields of those that were given. */
export type ChatOptions = z.output<typeof schema> & { readonly given: ReadonlySet<string> };

/**
 * Reads the command line; prints the help and gives undefined when that was asked for.
 *
 * @throws {UsageError} for whatever does not fit
 */
export function readChatOptions(args: readonly string[], language: Language): ChatOptions | undefined {
  const common = messagesIn(language);
  const { description, options } = chatMessagesIn(language);
  const { modelOptions, generationOptions } = generationMessagesIn(language);
  const parsed = parseCommand(args, {
    task: "chat",
    usage: "[--base-model FOLDER] [--lora-path FOLDER …] [options]",
    description,
    groups: [{
      heading: common.optionsHeading,
      flags: flagsOf(schema, { ...common.options, ...modelOptions, ...generationOptions, ...options }),
    }],
  }, language);
  if (parsed.wantsHelp) {
    console.log(parsed.help);
    return undefined;
  }
  return { ...checkValues(schema, parsed.values, "chat", language), given: new Set(Object.keys(parsed.values)) };
}
