// `deno task evaluate [options]`: the recipe `evaluate`, which measures a model and an adapter outside a training.
import { detectLanguage } from "./cli/language.ts";
import { runMain } from "./cli/main.ts";
import { runPipelineTask } from "./cli/run_pipeline.ts";

const language = detectLanguage(Deno.args);

await runMain(language, (signal) => runPipelineTask("evaluate", Deno.args, language, signal));
