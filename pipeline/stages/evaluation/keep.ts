import { join } from "@std/path";
import type { Json } from "../../core/mod.ts";

/** Gives what was computed under this name before, if it was, and keeps what is computed now. */
export type Keep = <T extends Json>(name: string, compute: () => Promise<T>) => Promise<T>;

/** Keeps results in a folder, each in a file that is there as a whole or not at all, so that an interrupted work goes on. */
export function keepIn(folder: string): Keep {
  return async <T extends Json>(name: string, compute: () => Promise<T>): Promise<T> => {
    const path = join(folder, `${name}.json`);
    try {
      return JSON.parse(await Deno.readTextFile(path)) as T;
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
    const computed = await compute();
    await Deno.writeTextFile(`${path}.part`, JSON.stringify(computed));
    await Deno.rename(`${path}.part`, path);
    return computed;
  };
}
