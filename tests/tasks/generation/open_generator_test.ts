import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { baseFile } from "../../../models/base_file.ts";
import { openGenerator } from "../../../tasks/generation/open_generator.ts";
import type { NamedAdapter } from "../../../tasks/generation/options.ts";
import { makeUnreadable } from "../../faults/unreadable.ts";
import { PipelineError } from "../../../pipeline/core/mod.ts";
import { inFolder, repository, writeInputs } from "../children.ts";

/** The folder of the cached base. */
async function cachedBase(folder: string): Promise<string> {
  const entries = join(folder, ".vicuna", "store", "quantize");
  for await (const { name } of Deno.readDir(entries)) return join(entries, name, "output");
  throw new Error("no base in the cache");
}

/** Opens a generator with the tiny model of a folder; gives what was said. */
async function openIn(folder: string, adapters: readonly NamedAdapter[] = []): Promise<string[]> {
  const said: string[] = [];
  const opened = await openGenerator({
    baseModel: join(folder, "model"),
    bits: 8,
    cacheDir: join(folder, ".vicuna"),
    adapters,
    signal: new AbortController().signal,
    positions: 32,
    largeFileBytes: 0, // so that nothing but the loading finds it
  }, (line) => said.push(line));
  opened.close();
  return said;
}

Deno.test("a cached base that was damaged is found while it loads, set aside and made again", () =>
  inFolder(async (folder) => {
    await writeInputs(folder);
    assertEquals((await openIn(folder)).length, 1);
    assertEquals(await openIn(folder), []);
    const path = join(await cachedBase(folder), baseFile);
    const bytes = await Deno.readFile(path);
    bytes[bytes.length - 1]! ^= 1;
    await Deno.chmod(path, 0o644);
    await Deno.writeFile(path, bytes);
    const said = await openIn(folder);
    assertEquals(said.length, 2);
    assertStringIncludes(said[0]!, baseFile);
    assertEquals(await openIn(folder), []);
  }));

Deno.test("a cached base that cannot be read is set aside and made again; an adapter that cannot be read is named", () =>
  inFolder(async (folder) => {
    await writeInputs(folder);
    await openIn(folder);
    for (const name of [baseFile, "tokenizer/tokenizer.json"]) {
      const dir = await cachedBase(folder);
      using _bad = makeUnreadable([join(dir, name)]);
      const said = await openIn(folder);
      assertEquals(said.length, 2, name);
      assertEquals(said[0], `the base in ${dir} cannot be read: Input/output error (os error 5)`);
    }
    const path = join(repository, "tests/models/goldens/plain/qv");
    using _bad = makeUnreadable([join(path, "adapter_config.json")]);
    await assertRejects(
      () => openIn(folder, [{ name: "qv", path }]),
      PipelineError,
      `the adapter ${path} cannot be read: Input/output error (os error 5)`,
    );
    assertEquals([...Deno.readDirSync(join(folder, ".vicuna", "quarantine"))].length, 2, "the bases alone");
  }));
