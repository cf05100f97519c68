import { z } from "../../mod.ts";
import { checkValues } from "../../tasks/cli/options/check_values.ts";
import { parseCommand } from "../../tasks/cli/command.ts";
import { flagsOf } from "../../tasks/cli/options/flags.ts";
import { detectLanguage, LANGUAGES } from "../../tasks/cli/language.ts";

/** The options that comparisons share. */
export const peerOptions = {
  json: z.boolean().default(false).describe("print one JSON object").meta({ zh: "输出一个 JSON 对象" }),
  lang: z.enum(LANGUAGES).optional().describe("language of messages").meta({ zh: "提示信息的语言" }),
};

/** The options of a comparison, or nothing when its help was asked for, which is printed then. */
export function parsePeerOptions<Schema extends z.ZodObject>(
  task: string,
  schema: Schema,
  description: { readonly en: string; readonly zh: string },
): z.output<Schema> | undefined {
  const language = detectLanguage(Deno.args);
  const heading = language === "zh" ? "选项：" : "Options:";
  const { wantsHelp, help, values } = parseCommand(Deno.args, {
    task,
    usage: "[options]",
    description: description[language],
    groups: [{ heading, flags: flagsOf(schema) }],
  }, language);
  if (!wantsHelp) return checkValues(schema, values, task, language);
  console.log(help);
  return undefined;
}
