import { join } from "@std/path";

/** Runs a test with a temporary folder, which is removed afterwards. */
export async function withFolder(run: (folder: string) => Promise<void> | void): Promise<void> {
  const folder = Deno.makeTempDirSync({ prefix: "vicuna-datasets-" });
  try {
    await run(folder);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

/** Writes a file into a folder and returns its path. */
export function write(folder: string, name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  Deno.writeFileSync(path, typeof content === "string" ? new TextEncoder().encode(content) : content);
  return path;
}

/** Lines of JSON, one value a line. */
export function jsonLines(values: readonly unknown[]): string {
  return values.map((value) => JSON.stringify(value) + "\n").join("");
}

/** Values of a file of JSON lines. */
export function readJsonLines<T>(path: string): T[] {
  return Deno.readTextFileSync(path).split("\n").filter((line) => line !== "").map((line) => JSON.parse(line) as T);
}

/** Path of a file of the development data, or undefined where it is absent. */
export function sharedData(name: string): string | undefined {
  const path = new URL(`../../../shared/data/${name}`, import.meta.url).pathname;
  try {
    Deno.statSync(path);
    return path;
  } catch {
    return undefined;
  }
}

/** Registers a test that needs a file of the development data; without it the name says why the test is skipped. */
export function testWithData(name: string, file: string, run: (path: string) => Promise<void>): void {
  const path = sharedData(file);
  Deno.test({
    name: path === undefined ? `${name} (skipped: ${file} is absent)` : name,
    ignore: path === undefined,
    fn: () => run(path!),
  });
}
