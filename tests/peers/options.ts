import type { z } from "../../mod.ts";
import { checkValues } from "../../tasks/cli/options/check_values.ts";
import { parseCommand } from "../../tasks/cli/command.ts";
import { flagsOf, type OptionTexts } from "../../tasks/cli/options/flags.ts";
import { detectLanguage } from "../../tasks/cli/language.ts";
import { messagesIn } from "../../tasks/cli/messages.ts";
import { JSON_OPTION, LANG_OPTION } from "../../tasks/cli/options/shared_options.ts";
import { type PeerMessages, peerMessagesIn } from "./messages.ts";

/** The options that comparisons share. */
export const peerOptions = { ...JSON_OPTION, ...LANG_OPTION };

/** The options of a comparison, or nothing when its help was asked for, which is printed then. */
export function parsePeerOptions<Schema extends z.ZodObject>(
  task: string,
  schema: Schema,
  what: keyof PeerMessages,
): z.output<Schema> | undefined {
  const language = detectLanguage(Deno.args);
  const common = messagesIn(language);
  const { description, options } = peerMessagesIn(language)[what];
  const texts = { ...common.options, json: common.options.jsonObject, ...options } as unknown as OptionTexts<Schema>;
  const { wantsHelp, help, values } = parseCommand(Deno.args, {
    task,
    usage: "[options]",
    description,
    groups: [{ heading: common.optionsHeading, flags: flagsOf(schema, texts) }],
  }, language);
  if (!wantsHelp) return checkValues(schema, values, task, language);
  console.log(help);
  return undefined;
}
