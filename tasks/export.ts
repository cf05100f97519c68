// deno task export: a base model merged with an adapter, or an adapter alone, in the formats of other programs.
import { exportedFile, exportModel, type ExportRequest, faultOfExport } from "../models/export/export_model.ts";
import { exportOptions, inputOptions, pipeline, type RunOptions, runPipeline, z } from "../mod.ts";
import { ProgressGate } from "../pipeline/core/run/progress_gate.ts";
import { hubModelNamed } from "../pipeline/stages/hub/hugging_face.ts";
import { modelPath } from "../pipeline/stages/models.ts";
import { textEnds } from "../pipeline/stages/tokens/text_ends.ts";
import { chooseRenderer } from "./cli/render/choose_renderer.ts";
import { checkValues } from "./cli/options/check_values.ts";
import { parseCommand } from "./cli/command.ts";
import { flagsOf } from "./cli/options/flags.ts";
import { detectLanguage } from "./cli/language.ts";
import { runMain } from "./cli/main.ts";
import { messagesIn } from "./cli/messages.ts";
import { publishAside } from "./cli/publish_aside.ts";
import { CACHE_OPTIONS, JSON_OPTION, LANG_OPTION } from "./cli/options/shared_options.ts";
import { translated } from "./cli/options/translated.ts";
import { UsageError } from "./cli/usage_error.ts";
import { exportMessagesIn } from "./export/messages.ts";
import { chosenBase } from "./generation/options.ts";

const { to, ...written } = exportOptions;
const options = z.object({
  to,
  outputPath: z.string().meta({
    aliases: ["output_dir", "outfile"],
  }),
  baseModel: inputOptions.baseModel.optional(),
  loraPath: inputOptions.loraPath.optional(),
  ...written,
  name: z.string().optional(),
  cacheDir: CACHE_OPTIONS.cacheDir,
  overwrite: z.boolean().default(false),
  ...JSON_OPTION,
  ...LANG_OPTION,
});

/** Parses the command line; undefined when help was printed. */
function readArguments(args: string[]): z.output<typeof options> | undefined {
  const language = detectLanguage(args);
  const common = messagesIn(language);
  const messages = exportMessagesIn(language);
  const parsed = parseCommand(args, {
    task: "export",
    usage: "--to FORMAT [--base-model FOLDER] [--lora-path FOLDER] --output-path PATH [options]",
    description: messages.description,
    groups: [{
      heading: common.optionsHeading,
      flags: flagsOf(options, {
        ...common.options,
        json: common.options.jsonEvents,
        ...translated(z.object(exportOptions), language),
        ...messages.options,
      }),
    }],
  }, language);
  if (parsed.wantsHelp) {
    console.log(parsed.help);
    return undefined;
  }
  return checkValues(options, parsed.values, "export", language);
}

/** A model on this machine. */
interface FoundModel {
  readonly model: string;
  /** Of a model of the hub, its own. */
  readonly name?: string;
}

/** Does `use` with the model that is meant; one of the hub is downloaded into the cache, and stays there meanwhile. */
async function withModel(
  model: string,
  options: Pick<RunOptions, "cacheDir" | "signal" | "onEvent">,
  use: (found: FoundModel) => Promise<void>,
): Promise<void> {
  const ref = hubModelNamed(model);
  if (ref === undefined) return await use({ model });
  const definition = pipeline({ name: "export", options: z.object({}), build: () => ({ model: ref }) });
  await runPipeline(definition, {
    ...options,
    use: ({ targets: { model: { dir, meta } } }) => use({ model: modelPath(dir, meta), name: meta.name }),
  });
}

const language = detectLanguage(Deno.args);

await runMain(language, async (signal) => {
  const given = readArguments(Deno.args);
  if (given === undefined) return;
  const messages = messagesIn(language);
  const baseModel = chosenBase(given.baseModel);
  const wanted: ExportRequest = {
    ...given,
    model: baseModel,
    adapter: given.loraPath,
    maxShardBytes: given.maxShardSize * 1e9,
    endsOf: textEnds,
  };
  const fault = faultOfExport(wanted);
  if (fault !== undefined) {
    throw new UsageError(`${fault} (--lora-path, --type)\n${messages.seeHelp("export")}`);
  }
  const renderer = chooseRenderer(given.json, messages);
  const progress = new ProgressGate("export", (event) => renderer.show(event));
  let bytes = 0;
  const write = async (found: FoundModel) => {
    const request = { ...wanted, ...found, name: given.name ?? found.name };
    const { directory, files } = await publishAside({
      path: given.outputPath,
      file: exportedFile(request),
      overwrite: given.overwrite,
      inputs: [baseModel, given.loraPath].filter((input) => input !== undefined),
      bytesNeeded: () => bytes,
    }, (aside) =>
      exportModel(request, aside, (done, total) => {
        signal.throwIfAborted();
        bytes = total;
        progress.report({ done, total, unit: "bytes" });
      }));
    progress.flush();
    renderer.show({ type: "output-written", dir: directory, files });
  };
  try {
    const { cacheDir } = given;
    await withModel(baseModel, { cacheDir, signal, onEvent: (event) => renderer.show(event) }, write);
  } finally {
    renderer.close();
  }
});
