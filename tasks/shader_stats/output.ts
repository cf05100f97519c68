// What the layer (layer.c) and the child (compile_child.ts) write, a line of JSON each.

/** Names the file. */
export const OUTPUT_VARIABLE = "VICUNA_SHADER_STATS";
/** While it is set, the compiler is not asked for its estimates. */
export const CAREFUL_VARIABLE = "VICUNA_SHADER_STATS_CAREFUL";

/** What the child is to compile. */
export interface ChildOptions {
  /** Without subgroups. */
  readonly plain: boolean;
  /** Parts of the names of the shaders that are wanted; all where there are none. */
  readonly only: readonly string[];
  /** Shaders whose estimates the compiler falls over. */
  readonly careful: readonly string[];
}

/** What a compiler says of one shader. */
export interface Executable {
  /** Threads of a subgroup. */
  readonly subgroupSize: number;
  readonly statistics: Readonly<Record<string, number>>;
  /** Its instructions. */
  readonly texts: Readonly<Record<string, string>>;
}

/** The driver, in its own words. */
export interface DriverLine {
  readonly card: string;
  readonly driver: string;
  readonly version: string;
}

/** The shader whose pipeline comes next, for a device with subgroups of so many threads, 0 for none. */
export interface ShaderLine {
  readonly shader: string;
  readonly code: string;
  readonly subgroups: number;
}

/** A line. */
export type OutputLine =
  | DriverLine
  | ShaderLine
  | { readonly executables: readonly Executable[] }
  | { readonly finished: true };

/** All that was said of one driver. */
export interface CompilerOutput {
  readonly driver: DriverLine;
  readonly shaders: readonly (ShaderLine & { readonly executable: Executable })[];
}

const linesOf = (text: string) =>
  text.split("\n").filter((line) => line !== "").map((line) => JSON.parse(line) as OutputLine);

/** The shader that was being compiled when the child ended early; undefined where it was none. */
export function openShader(text: string): string | undefined {
  const last = linesOf(text).at(-1);
  return last && "shader" in last ? last.shader : undefined;
}

/** Puts shaders and what was said of them together. Errors: a shader of which nothing is said, or no end. */
export function readOutput(text: string): CompilerOutput {
  const shaders: (ShaderLine & { executable: Executable })[] = [];
  let driver: DriverLine | undefined;
  let open: ShaderLine | undefined;
  let finished = false;
  for (const said of linesOf(text)) {
    if ("card" in said) driver = said;
    else if ("shader" in said) {
      if (open) break;
      open = said;
    } else if ("executables" in said) {
      const executable = said.executables[0];
      if (open && executable) shaders.push({ ...open, executable });
      if (executable) open = undefined; // pipelines of WebGPU's own come before the first
    } else finished = true;
  }
  if (!driver) throw new Error("compiling shaders: the driver opened no device");
  if (open) throw new Error(`compiling shaders: the driver said nothing of ${open.shader}`);
  if (!finished) throw new Error(`compiling shaders: the driver ended after ${shaders.length} shaders`);
  return { driver, shaders };
}
