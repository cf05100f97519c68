// The strict mode: a stage runs in a process of its own that may read its inputs, write its output, see the environment
// variables and reach the hosts that it declares, and nothing else. A stage that reads anything undeclared fails instead of giving a result
// that its key does not tell the whole truth about.
import { fromFileUrl, join } from "@std/path";
import { TextLineStream } from "@std/streams";
import { DamagedInputError, PipelineError } from "../errors.ts";
import { exists, removeQuietly } from "../files.ts";
import { isStep, type Step } from "../stage/graph.ts";
import { type Json, type JsonObject } from "../json.ts";
import type { AnyKind } from "../stage/kind.ts";
import type { InputDeclarations, MemoryUse, Progress, StageContext, StageInput } from "../stage/stage_spec.ts";

/** What a stage's own process needs to find the stage. */
export interface Isolation {
  /** URL of the module whose default export is the pipeline. */
  readonly module: string;
  /** Options of the pipeline, as they were given. */
  readonly options: JsonObject;
}

/** What the process is told, as JSON on its standard input. */
export interface IsolatedTask {
  readonly step: string;
  readonly options: JsonObject;
  readonly inputs: JsonObject;
  readonly params: JsonObject;
  readonly settings: JsonObject;
  readonly output: string;
  readonly scratch: string;
  readonly notes: string;
}

/** What the process says, a line each, after {@link MESSAGE_MARK}. */
export type IsolatedMessage =
  | { readonly type: "progress"; readonly progress: Progress }
  | { readonly type: "log"; readonly level: "info" | "warn"; readonly message: string }
  | { readonly type: "memory"; readonly use: MemoryUse }
  | { readonly type: "device"; readonly name: string; readonly facts?: JsonObject }
  | { readonly type: "volatile"; readonly path: string }
  | { readonly type: "done"; readonly meta: Json }
  | {
    readonly type: "error";
    readonly message: string;
    readonly userFacing: boolean;
    /** The sort of fault that the error names. */
    readonly kind?: string;
    /** Of a damaged input: its name and file. */
    readonly damaged?: { readonly input: string; readonly file: string };
  };

/** Begins a line that is a message; whatever else a stage prints goes through. */
export const MESSAGE_MARK = "\u001e";

/** Variables that the graphics driver's set-up looks at and sets; they do not change a result. */
const DRIVER_VARIABLES = [
  "DENO_WEBGPU_BACKEND",
  "DRI_PRIME",
  "LP_NATIVE_VECTOR_WIDTH",
  "LP_NUM_THREADS",
  "MESA_VK_DEVICE_SELECT",
  "MESA_VK_DEVICE_SELECT_FORCE_DEFAULT_DEVICE",
  "VICUNA_ADAPTER",
  "VICUNA_DEVICE",
  "VICUNA_DEVICES",
  "VK_DRIVER_FILES",
  "VK_ICD_FILENAMES",
  "XDG_RUNTIME_DIR",
];
/** Variables that packages look at when they are loaded. */
const PACKAGE_VARIABLES = ["NO_COLOR", "FORCE_COLOR", "NODE_ENV", "NODE_DEBUG", "READABLE_STREAM", "TERM", "CI"];

type Context = StageContext<InputDeclarations, JsonObject, JsonObject>;

/**
 * Runs a step's stage in a process of its own.
 *
 * @throws {PipelineError} when the stage fails, or wants what it did not declare
 */
export async function runIsolated(step: Step, context: Context, isolation: Isolation): Promise<JsonObject> {
  const folder = await Deno.makeTempDir({ prefix: "vicuna-strict-" });
  try {
    const { inputs, readable } = await showInputs(step, context.inputs as Record<string, unknown>, folder);
    const task: IsolatedTask = {
      step: step.name,
      options: isolation.options,
      inputs,
      params: context.params,
      settings: context.settings,
      output: context.output.dir,
      scratch: context.scratch,
      notes: context.notes,
    };
    const entry = join(folder, "entry.ts");
    const child = new URL("./isolated_child.ts", import.meta.url).href;
    await Deno.writeTextFile(
      entry,
      `import pipeline from ${JSON.stringify(isolation.module)};\n` +
        `import { serveStage } from ${JSON.stringify(child)};\nawait serveStage(pipeline);\n`,
    );
    const writable = [task.output, task.scratch, task.notes];
    const { environment, network } = step.node.stage;
    const variables = [...environment, ...network?.variables ?? [], ...DRIVER_VARIABLES, ...PACKAGE_VARIABLES];
    const config = await findConfig(isolation.module);
    const code = ["kernels", "models", "datasets", "pipeline"].map((name) =>
      new URL(`../../../${name}`, import.meta.url)
    );
    const own: string[] = code.filter(({ protocol }) => protocol === "file:").map((url): string => fromFileUrl(url));
    return await converse(
      [
        "run",
        "--quiet",
        "--no-prompt",
        "--unstable-webgpu",
        ...(config === undefined ? [] : [`--config=${config}`]),
        `--allow-read=${[...readable, ...writable, ...own].map(escaped).join(",")}`,
        `--allow-write=${writable.map(escaped).join(",")}`,
        `--allow-env=${variables.join(",")}`,
        ...(network === undefined ? [] : [`--allow-net=${network.hosts(context.params).join(",")}`]),
        "--allow-sys=systemMemoryInfo,cpus",
        entry,
      ],
      task,
      context,
    );
  } finally {
    await removeQuietly(folder);
  }
}

/** A comma separates the paths of a permission. */
const escaped = (path: string) => path.replaceAll(",", ",,");

/** The configuration that a pipeline's module is written for: beside it or above, else this package's own. */
async function findConfig(module: string): Promise<string | undefined> {
  for (let url = new URL("..", module); url.protocol === "file:"; url = new URL("../..", url)) {
    for (const name of ["deno.json", "deno.jsonc"]) {
      const path = fromFileUrl(new URL(name, url));
      if (await exists(path)) return path;
    }
    if (url.pathname === "/" || /^\/[A-Za-z]:\/$/.test(url.pathname)) break;
  }
  const own = new URL("../../../deno.json", import.meta.url);
  return own.protocol === "file:" ? fromFileUrl(own) : undefined;
}

/** Inputs as the stage's process sees them: a folder of the user's shows only the files that belong to the input. */
async function showInputs(
  step: Step,
  inputs: Record<string, unknown>,
  folder: string,
): Promise<{ inputs: JsonObject; readable: string[] }> {
  const readable: string[] = [];
  const shown: Record<string, Json> = {};
  const show = async (name: string, input: StageInput<AnyKind>): Promise<Json> => {
    const from = step.inputs.get(name)?.from;
    const isFolder = from !== undefined && !isStep(from) && from.node.form === "folder";
    if (!isFolder) {
      readable.push(from !== undefined && isStep(from) ? input.dir : input.path);
      return input as unknown as Json;
    }
    const view = join(folder, `input-${readable.length}`);
    readable.push(view);
    for (const { path } of input.files) {
      const real = await Deno.realPath(join(input.dir, path));
      readable.push(real);
      await Deno.mkdir(join(view, path, ".."), { recursive: true });
      await Deno.symlink(real, join(view, path));
    }
    return { ...input, dir: view, path: view } as unknown as Json;
  };
  for (const [name, input] of Object.entries(inputs)) {
    if (input === undefined) continue;
    shown[name] = Array.isArray(input)
      ? await Promise.all(input.map((item, i) => show(`${name}[${i}]`, item)))
      : await show(name, input as StageInput<AnyKind>);
  }
  return { inputs: shown as JsonObject, readable };
}

async function converse(args: string[], task: IsolatedTask, context: Context): Promise<JsonObject> {
  const child = new Deno.Command(Deno.execPath(), { args, stdin: "piped", stdout: "piped", stderr: "piped" }).spawn();
  const end = (signal: Deno.Signal) => {
    try {
      child.kill(signal);
    } catch { /* it has ended */ }
  };
  const stop = () => end("SIGTERM");
  const kill = () => end("SIGKILL");
  context.signal.addEventListener("abort", stop, { once: true });
  globalThis.addEventListener("unload", kill); // a second Ctrl-C ends this process without waiting for the stage
  try {
    const errors = new Response(child.stderr).text();
    const writer = child.stdin.getWriter();
    await writer.write(new TextEncoder().encode(JSON.stringify(task))).catch(() => {});
    await writer.close().catch(() => {});
    let last: IsolatedMessage | undefined;
    const text = child.stdout.pipeThrough(new TextDecoderStream());
    const lines: ReadableStream<string> = text.pipeThrough(new TextLineStream());
    for await (const line of lines) {
      if (!line.startsWith(MESSAGE_MARK)) {
        if (line !== "") context.log("info", line);
        continue;
      }
      last = JSON.parse(line.slice(MESSAGE_MARK.length)) as IsolatedMessage;
      hear(last, context);
    }
    const { code } = await child.status;
    context.signal.throwIfAborted();
    if (last?.type === "done") return last.meta as JsonObject;
    if (last?.type === "error") throw errorOf(last, task.step);
    throw new PipelineError(`running ${task.step} strictly: its process ended with ${code}: ${(await errors).trim()}`);
  } finally {
    context.signal.removeEventListener("abort", stop);
    globalThis.removeEventListener("unload", kill);
    stop();
  }
}

function hear(message: IsolatedMessage, context: Context): void {
  switch (message.type) {
    case "progress":
      return context.progress(message.progress);
    case "log":
      return context.log(message.level, message.message);
    case "memory":
      return context.memory(message.use);
    case "device":
      return context.device(message.name, message.facts);
    case "volatile":
      return void context.output.volatile(message.path);
    case "done":
    case "error":
      return;
    default:
      return message satisfies never;
  }
}

function errorOf(message: Extract<IsolatedMessage, { type: "error" }>, step: string): Error {
  const { damaged, userFacing } = message;
  if (damaged !== undefined) return new DamagedInputError(damaged.input, damaged.file);
  const undeclared = /^Requires (\w+) access to (.*?), run again/.exec(message.message);
  if (undeclared !== null) {
    return new PipelineError(
      `running ${step} strictly: it wants ${undeclared[1]} access to ${undeclared[2]}, which is none of its inputs. ` +
        "Declare it as an input (a file or a folder) or, for a variable, in `environment`.",
    );
  }
  return userFacing ? new PipelineError(message.message, { kind: message.kind }) : new Error(message.message);
}
