// Has a target's compiler compile all shaders, in a child process, and reads what it says.
import { fromFileUrl, join } from "@std/path";
import { runChild } from "../cli/child.ts";
import { kernelFigures } from "./figures.ts";
import { layerEnvironment } from "./layer.ts";
import { type CompilerOutput, OUTPUT_VARIABLE, readOutput } from "./output.ts";
import type { TargetReport } from "./report.ts";
import { saveShaders } from "./save.ts";
import type { Target } from "./targets.ts";

/** What to compile, and where things are kept. */
export interface CompileOptions {
  readonly cacheDir: string;
  /** Parts of the names of the shaders that are wanted; all when left out. */
  readonly only?: readonly string[] | undefined;
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
  { cacheDir, only = [], signal }: CompileOptions,
): Promise<CompilerOutput> {
  const layer = await layerEnvironment(cacheDir, signal);
  const folder = await Deno.makeTempDir({ prefix: "vicuna-shader-stats-" });
  const file = join(folder, "output");
  try {
    await Deno.writeTextFile(file, "");
    const args = ["run", "-A", child, ...target.plain ? ["--plain"] : [], ...only];
    const [program, ...rest] = [...target.launcher ? [target.launcher] : [], Deno.execPath(), ...args];
    const env = {
      NO_COLOR: "1",
      XDG_RUNTIME_DIR: Deno.env.get("XDG_RUNTIME_DIR") ?? "/tmp",
      DENO_WEBGPU_BACKEND: "vulkan",
      MESA_SHADER_CACHE_DISABLE: "1",
      [OUTPUT_VARIABLE]: file,
      ...layer,
      ...target.env,
    };
    const { code, stdout, stderr } = await runChild(program!, rest, { env, cwd: project, ...(signal && { signal }) });
    if (code !== 0) throw new Error(`compiling shaders for ${target.name} ended with ${code}: ${stdout}${stderr}`);
    return readOutput(await Deno.readTextFile(file));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
