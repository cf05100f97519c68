// `deno task train [NAME|FILE] [options]`: runs a pipeline and copies its results to the output folder.
import { detectLanguage } from "./cli/language.ts";
import { runMain } from "./cli/main.ts";
import { runPipelineTask } from "./cli/run_pipeline.ts";

const language = detectLanguage(Deno.args);

await runMain(language, (signal) => runPipelineTask("train", Deno.args, language, signal));
