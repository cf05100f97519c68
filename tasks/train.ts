// deno task train [NAME|FILE]: runs a pipeline and copies its results to the output folder.
import { resolve } from "@std/path";
import * as colors from "@std/fmt/colors";
import { copyTargets, runPipeline } from "../mod.ts";
import { runMain } from "./cli/main.ts";
import { asFlagError, readPipelineCommand } from "./cli/pipeline_command.ts";
import { jsonRenderer, textRenderer } from "./cli/render.ts";

await runMain(async (signal) => {
  const command = await readPipelineCommand("train", Deno.args);
  if (!command) return;
  const encoder = new TextEncoder();
  const write = (text: string) => void Deno.stdout.writeSync(encoder.encode(text));
  const terminal = Deno.stdout.isTerminal();
  if (!terminal) colors.setColorEnabled(false);
  const onEvent = command.json
    ? jsonRenderer((line) => write(`${line}\n`))
    : textRenderer(write, command.language, terminal ? Deno.consoleSize().columns || 100 : undefined);
  if (!command.json && command.pipeline.description) write(`${command.name}: ${command.pipeline.description}\n\n`);
  const { name, options, cacheDir, trustCache } = command;
  try {
    const result = await runPipeline(command.pipeline, { name, options, cacheDir, trustCache, signal, onEvent });
    const dir = resolve(command.outputPath);
    onEvent({ type: "output-written", dir, files: await copyTargets(result, dir) });
  } catch (error) {
    throw asFlagError(error, command);
  }
});
