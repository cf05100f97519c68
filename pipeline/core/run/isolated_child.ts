// The process of one stage in the strict mode: see isolation.ts.
import { DamagedInputError, isUserFacing } from "../errors.ts";
import { collectGraph } from "../stage/graph.ts";
import { type IsolatedMessage, type IsolatedTask, MESSAGE_MARK } from "./isolation.ts";
import { join } from "@std/path";
import { isPipeline } from "../stage/pipeline.ts";
import type { JsonObject } from "../json.ts";
import type { InputDeclarations, StageContext } from "../stage/stage_spec.ts";

/** Reads a task from standard input, runs that stage of the pipeline, and says what happens on standard output. */
export async function serveStage(pipeline: unknown): Promise<never> {
  const controller = new AbortController();
  Deno.addSignalListener("SIGTERM", () => controller.abort(new DOMException("stopped", "AbortError")));
  Deno.addSignalListener("SIGINT", () => {}); // the terminal sends it to both processes; the other one decides
  try {
    say({ type: "done", meta: await runTask(pipeline, controller.signal) });
  } catch (error) {
    say({
      type: "error",
      message: error instanceof Error ? error.message : String(error),
      userFacing: isUserFacing(error),
      ...(error instanceof Error && "kind" in error && typeof error.kind === "string" && { kind: error.kind }),
      ...(error instanceof DamagedInputError && { damaged: { input: error.input, file: error.file } }),
    });
  }
  Deno.exit(0);
}

async function runTask(pipeline: unknown, signal: AbortSignal): Promise<JsonObject> {
  if (!isPipeline(pipeline)) throw new Error("the module's default export is not a pipeline");
  const task = JSON.parse(await new Response(Deno.stdin.readable).text()) as IsolatedTask;
  const graph = collectGraph(await pipeline.build(pipeline.options.parse(task.options)));
  const step = graph.steps.find(({ name }) => name === task.step);
  if (step === undefined) throw new Error(`the pipeline has no stage ${task.step}`);
  const { inputs, params, settings, scratch, notes } = task;
  return await step.node.stage.run({
    inputs: inputs as unknown as StageContext<InputDeclarations, unknown, unknown>["inputs"],
    params,
    settings,
    scratch,
    notes,
    signal,
    output: {
      dir: task.output,
      volatile: (path) => {
        say({ type: "volatile", path });
        return join(task.output, path);
      },
    },
    progress: (progress) => say({ type: "progress", progress }),
    log: (level, message) => say({ type: "log", level, message }),
    memory: (use) => say({ type: "memory", use }),
    device: (name, facts) => say({ type: "device", name, ...(facts && { facts }) }),
  });
}

function say(message: IsolatedMessage): void {
  const bytes = new TextEncoder().encode(`\n${MESSAGE_MARK}${JSON.stringify(message)}\n`);
  for (let at = 0; at < bytes.length;) at += Deno.stdout.writeSync(bytes.subarray(at));
}
