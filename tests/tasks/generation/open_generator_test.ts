import { assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { baseFile } from "../../../models/base_file.ts";
import { openGenerator } from "../../../tasks/generation/open_generator.ts";
import { inFolder, writeInputs } from "../children.ts";

/** The cached base's file. */
async function cachedBase(folder: string): Promise<string> {
  const entries = join(folder, ".vicuna", "store", "quantize");
  for await (const { name } of Deno.readDir(entries)) return join(entries, name, "output", baseFile);
  throw new Error(`no ${baseFile} in the cache`);
}

Deno.test("a cached base that was damaged is found while it loads, set aside and made again", () =>
  inFolder(async (folder) => {
    await writeInputs(folder);
    const open = async () => {
      const said: string[] = [];
      const opened = await openGenerator({
        baseModel: join(folder, "model"),
        bits: 8,
        cacheDir: join(folder, ".vicuna"),
        adapters: [],
        signal: new AbortController().signal,
        positions: 32,
        largeFileBytes: 0, // so that nothing but the loading finds it
      }, (line) => said.push(line));
      opened.close();
      return said;
    };
    assertEquals((await open()).length, 1);
    assertEquals(await open(), []);
    const path = await cachedBase(folder);
    const bytes = await Deno.readFile(path);
    bytes[bytes.length - 1]! ^= 1;
    await Deno.chmod(path, 0o644);
    await Deno.writeFile(path, bytes);
    const said = await open();
    assertEquals(said.length, 2);
    assertStringIncludes(said[0]!, baseFile);
    assertEquals(await open(), []);
  }));
