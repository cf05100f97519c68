// `deno task plan [NAME|FILE] [options]`: says what `train` would do with the same arguments, and why.
import { chooseDevice } from "../kernels/machine/adapter.ts";
import { planPipeline } from "../pipeline/core/mod.ts";
import { detectLanguage } from "./cli/language.ts";
import { lockOf } from "./cli/options/locked_options.ts";
import { runMain } from "./cli/main.ts";
import { messagesIn } from "./cli/messages.ts";
import { explainError, readPipelineCommand } from "./cli/pipeline_command.ts";
import { planJson, planTable } from "./cli/render/plan_table.ts";
import { useLanguageOfSchemas } from "./cli/options/schema_language.ts";

const language = detectLanguage(Deno.args);

await runMain(language, async (signal) => {
  useLanguageOfSchemas(language);
  const messages = messagesIn(language);
  const command = await readPipelineCommand("plan", Deno.args, language);
  if (command.help !== undefined) return console.log(command.help);
  const { loaded, common } = command;
  const options = common.locked ? (await lockOf(loaded, command.options, messages)).options : command.options;
  if (common.device !== undefined) chooseDevice(common.device);
  try {
    const plan = await planPipeline(loaded.pipeline, {
      name: loaded.name,
      options,
      cacheDir: common.cacheDir,
      trustCache: common.trustCache,
      ...(common.remoteCache !== undefined && { remoteCache: { location: common.remoteCache } }),
      signal,
    });
    console.log(common.json ? planJson(plan) : planTable(plan, messages));
  } catch (error) {
    throw explainError(error, { loaded, options }, messages);
  }
});
