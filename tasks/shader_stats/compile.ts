// Has a target's compiler compile all shaders, in a child process, and reads what it says.
import { fromFileUrl, join } from "@std/path";
import { type ChildOutcome, runChild } from "../cli/child.ts";
import { kernelFigures } from "./figures.ts";
import { layerEnvironment } from "./layer.ts";
import { type ChildOptions, type CompilerOutput, openShader, OUTPUT_VARIABLE, readOutput } from "./output.ts";
import type { TargetReport } from "./report.ts";
import { saveShaders } from "./save.ts";
import type { Target } from "./targets.ts";

/** What to compile, and where things are kept. */
export interface CompileOptions {
  readonly cacheDir: string;
  /** Parts of the names of the shaders that are wanted; all when left out. */
  readonly only?: readonly string[] | undefined;
  /** Shaders whose estimates the compiler is known to fall over. */
  readonly careful?: readonly string[] | undefined;
  /** A folder that shaders and their instructions are written to. */
  readonly save?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

const child = fromFileUrl(new URL("compile_child.ts", import.meta.url));
const project = fromFileUrl(new URL("../../", import.meta.url));

/** Errors: no C compiler for the layer, a driver that fails, naming the target. */
export async function compileOn(target: Target, options: CompileOptions): Promise<TargetReport> {
  const output = await compilerOutput(target, options);
  if (options.save !== undefined) await saveShaders(join(options.save, target.name), output);
  const { driver, shaders } = output;
  return {
    target: target.name,
    card: target.card,
    driver: driver.driver,
    version: driver.version,
    subgroups: shaders[0]?.subgroups ?? 0,
    kernels: shaders.map((shader) => kernelFigures(target, shader)),
  };
}

async function compilerOutput(
  target: Target,
  { cacheDir, only = [], careful: known = [], signal }: CompileOptions,
): Promise<CompilerOutput> {
  const layer = await layerEnvironment(cacheDir, signal);
  const folder = await Deno.makeTempDir({ prefix: "vicuna-shader-stats-" });
  const careful = [...known];
  try {
    while (true) {
      const file = join(folder, String(careful.length));
      await Deno.writeTextFile(file, "");
      const env = { ...layer, ...target.env, [OUTPUT_VARIABLE]: file };
      const outcome = await runCompiler(target, env, { plain: target.plain ?? false, only, careful }, signal);
      const text = await Deno.readTextFile(file);
      if (outcome.code === 0) return readOutput(text);
      // A compiler that fell over a shader's estimates is asked again without them.
      const shader = openShader(text);
      if (shader === undefined || careful.includes(shader)) {
        const { code, stdout, stderr } = outcome;
        const where = shader === undefined ? "" : ` at ${shader}`;
        throw new Error(`compiling shaders for ${target.name} ended with ${code}${where}: ${stdout}${stderr}`);
      }
      careful.push(shader);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function runCompiler(
  { launcher }: Target,
  env: Readonly<Record<string, string>>,
  options: ChildOptions,
  signal: AbortSignal | undefined,
): Promise<ChildOutcome> {
  const deno = [Deno.execPath(), "run", "-A", child, JSON.stringify(options)];
  const [program, ...args] = launcher === undefined ? deno : [launcher, ...deno];
  const all = {
    NO_COLOR: "1",
    XDG_RUNTIME_DIR: Deno.env.get("XDG_RUNTIME_DIR") ?? "/tmp",
    DENO_WEBGPU_BACKEND: "vulkan",
    MESA_SHADER_CACHE_DISABLE: "1",
    ...env,
  };
  return runChild(program!, args, { env: all, cwd: project, ...(signal && { signal }) });
}
