import { join } from "@std/path";
import type { CompilerOutput } from "./output.ts";

/** Writes each shader and its instructions to a folder, by its name. */
export async function saveShaders(folder: string, { shaders }: CompilerOutput): Promise<void> {
  await Deno.mkdir(folder, { recursive: true });
  for (const { shader, code, executable } of shaders) {
    const name = join(folder, shader.replaceAll(/[^\w-]+/g, "_"));
    await Deno.writeTextFile(`${name}.wgsl`, code);
    await Deno.writeTextFile(`${name}.asm`, Object.values(executable.texts).join("\n"));
  }
}
