// Nothing is deleted that is not ours. Places that remove recursively, which were looked at for this:
//   tasks/cli/publish_aside.ts    the folder or file that --overwrite replaces (here)
//   pipeline/core/store/inventory.ts    a clean-up of `staging`, `scratch`, `quarantine`, `trash` in a folder that is named as
//                                 the cache: takes only names that a store gives (tests/pipeline/core/store/inventory_test.ts)
//   pipeline/core/store/leases.ts       dead leases, by the form of their names (the same)
//   pipeline/core/store/store.ts, scratch.ts, isolation.ts, module_graph.ts, models/model_source.ts, tasks/reproduce.ts,
//   tasks/bench/                  folders that they have made themselves, with random names or below the cache
//   pipeline/stages/training/checkpoints.ts  `checkpoint-<step>` and its own leavings in a scratch folder
//   pipeline/core/records/copy_targets.ts   writes files over those of the same names, removes none (copy_targets_test.ts)
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { basename, dirname, join } from "@std/path";
import { whyNotReplaceFolder } from "../../tasks/cli/replaceable.ts";
import { Aside } from "../../pipeline/core/store/aside.ts";
import { publishAside } from "../../tasks/cli/publish_aside.ts";
import { UsageError } from "../../tasks/cli/usage_error.ts";
import { inFolder, repository, runTask } from "./children.ts";

const golden = join(repository, "tests/models/goldens/plain/qv");

/**
 * Publishes what is made of the folder `adapter`, with --overwrite. Gives why not, if it was refused.
 *
 * @param text what is written
 */
async function publishIn(folder: string, path: string, file?: string, text = "GGUF"): Promise<string | undefined> {
  const inputs = [join(folder, file === undefined ? "adapter" : "model.gguf")];
  const publication = { path: join(folder, path), file, overwrite: true, inputs, bytesNeeded: () => 123_456 };
  try {
    await publishAside(publication, (aside) => Deno.writeTextFile(join(aside, file ?? "config.json"), text));
    return undefined;
  } catch (error) {
    assert(error instanceof UsageError);
    return error.message;
  }
}

/** All paths below a folder. */
function pathsIn(folder: string, prefix = ""): string[] {
  return [...Deno.readDirSync(join(folder, prefix))].flatMap(({ name, isDirectory }) => {
    const path = join(prefix, name);
    return isDirectory ? [path, ...pathsIn(folder, path)] : [path];
  }).sort();
}

async function prepare(folder: string): Promise<void> {
  await Deno.mkdir(join(folder, "adapter"), { recursive: true });
  for (const name of ["adapter_config.json", "adapter_model.safetensors"]) {
    await Deno.copyFile(join(golden, name), join(folder, "adapter", name));
  }
}

Deno.test("export --overwrite does not replace the working folder", () =>
  inFolder(async (folder) => {
    await prepare(folder);
    await Deno.mkdir(join(folder, ".git"));
    const before = pathsIn(folder);
    const args = ["--to", "peft", "--lora-path", "adapter", "--output-path", ".", "--overwrite"];
    const { code, stderr } = await runTask("export", folder, args);
    assertEquals(code, 1);
    assertStringIncludes(stderr, "it is the working folder, or holds it, so it is not replaced");
    assertEquals(pathsIn(folder), before);
  }));

Deno.test("nothing that holds the working folder, a home, a repository or the inputs is replaced, and no folder that export did not write", () =>
  inFolder(async (folder) => {
    const home = await Deno.realPath(Deno.env.get("HOME")!);
    for (const path of [home, dirname(home), "/"]) {
      assertEquals(await whyNotReplaceFolder(path, []), "it is a home folder, or holds it");
    }
    await prepare(folder);
    await Deno.mkdir(join(folder, "other/.git"), { recursive: true });
    await Deno.mkdir(join(folder, "trained"));
    await Deno.writeTextFile(join(folder, "trained/adapter_config.json"), "{}");
    await Deno.symlink(join(folder, "adapter"), join(folder, "link"));
    const before = pathsIn(folder);
    const cases: Record<string, string> = {
      adapter: `it is, or holds, ${folder}/adapter, which is read`,
      link: `it is, or holds, ${folder}/adapter, which is read`,
      ".": `it is, or holds, ${folder}/adapter, which is read`,
      other: "it has a .git",
      trained: "it was not written by export: it has no vicuna_export.json",
    };
    for (const [path, why] of Object.entries(cases)) {
      assertStringIncludes(await publishIn(folder, path) ?? "", why);
      assertEquals(pathsIn(folder), before, path);
    }
  }));

Deno.test("an export is replaced by the next, but not one into which somebody has put something", () =>
  inFolder(async (folder) => {
    await prepare(folder);
    for (const _ of ["new", "replaced"]) assertEquals(await publishIn(folder, "out"), undefined);
    await Deno.writeTextFile(join(folder, "out/diary.txt"), "dear diary");
    assertStringIncludes(await publishIn(folder, "out") ?? "", "diary.txt in it was not written by export");
    assertEquals(await Deno.readTextFile(join(folder, "out/diary.txt")), "dear diary");
  }));

Deno.test("a file is replaced by an export to GGUF only if it is one, and never the model that is read", () =>
  inFolder(async (folder) => {
    for (const [name, text] of [["model.gguf", "GGUF old"], ["out.gguf", "GGUF old"], ["thesis.txt", "chapter 1"]]) {
      await Deno.writeTextFile(join(folder, name!), text!);
    }
    assertStringIncludes(await publishIn(folder, "thesis.txt", "model-f16.gguf") ?? "", "it is no GGUF file");
    assertStringIncludes(await publishIn(folder, "model.gguf", "model-f16.gguf") ?? "", "model.gguf, which is read");
    assertEquals(await Deno.readTextFile(join(folder, "thesis.txt")), "chapter 1");
    assertEquals(await Deno.readTextFile(join(folder, "model.gguf")), "GGUF old");
    assertEquals(await publishIn(folder, "out.gguf", "model-f16.gguf"), undefined);
    assertEquals(await Deno.readTextFile(join(folder, "out.gguf")), "GGUF");
  }));

Deno.test("what a killed export left beside its result is put back or removed by the next", () =>
  inFolder(async (folder) => {
    await prepare(folder);
    assertEquals(await publishIn(folder, "out"), undefined);
    const killed = (name: string) => join(folder, `.vicuna-${crypto.randomUUID()}`, name);
    // Killed between the two renames of a replacement, and while it wrote.
    const [old, half] = [killed("old"), killed("new")];
    for (const path of [old, half]) {
      await Deno.mkdir(dirname(path));
      await Deno.writeTextFile(join(dirname(path), "owner"), "out");
    }
    await Deno.rename(join(folder, "out"), old);
    await Deno.mkdir(half);
    await using running = await Aside.open(folder, "another");
    assertEquals(await Deno.readTextFile(join(folder, "out/config.json")), "GGUF");
    assertEquals(await publishIn(folder, "third"), undefined);
    const left = [...Deno.readDirSync(folder)].map(({ name }) => name).filter((name) => name.startsWith(".vicuna-"));
    assertEquals(left, [basename(dirname(running.fresh))], "only what is in use is left");
  }));

/** What a disk that becomes full says; the file that is written has a beginning by then. */
async function fillDisk(path: string | URL): Promise<never> {
  await Deno.create(path).then((file) => file.close());
  throw Object.assign(new Error("No space left on device (os error 28)"), { code: "ENOSPC" });
}

/** Replaces functions of Deno until it is disposed of. */
function withDeno(functions: Partial<Pick<typeof Deno, "writeTextFile" | "open" | "rename">>): Disposable {
  const { writeTextFile, open, rename } = Deno;
  Object.assign(Deno, functions);
  return { [Symbol.dispose]: () => void Object.assign(Deno, { writeTextFile, open, rename }) };
}

const fullDisks: Record<string, () => Disposable> = {
  "while the result is written": () => withDeno({ writeTextFile: (path) => fillDisk(path) }),
  "while the list of its files is written": () => {
    const { writeTextFile } = Deno;
    return withDeno({
      writeTextFile: (path, ...rest) =>
        String(path).endsWith("vicuna_export.json") ? fillDisk(path) : writeTextFile(path, ...rest),
    });
  },
  "when the result is flushed": () => {
    const { open } = Deno;
    return withDeno({
      open: async (path, options) => {
        const file = await open(path, options);
        if (/\/new\//.test(String(path))) file.sync = () => fillDisk(path);
        return file;
      },
    });
  },
};

for (const [when, fill] of Object.entries(fullDisks)) {
  Deno.test(`an export on a disk that is full ${when} says how much is needed, and leaves the earlier one whole`, () =>
    inFolder(async (folder) => {
      await prepare(folder);
      const isFile = !when.includes("list");
      assertEquals(await publishIn(folder, "out"), undefined);
      assertEquals(await publishIn(folder, "out.gguf", "model-f16.gguf"), undefined);
      const before = pathsIn(folder);
      for (const [path, file] of [["out"], ...isFile ? [["out.gguf", "model-f16.gguf"]] : []] as const) {
        using _full = fill();
        assertEquals(
          await publishIn(folder, path!, file, "GGUF of another model"),
          `writing ${folder}/${path}: the disk is full; 123456 bytes are needed. Nothing was kept`,
        );
      }
      assertEquals(pathsIn(folder), before);
      for (const path of ["out/config.json", "out.gguf"]) {
        assertEquals(await Deno.readTextFile(join(folder, path)), "GGUF");
      }
    }));
}

Deno.test("an export that cannot be put in place leaves the earlier one, or says where it is kept", () =>
  inFolder(async (folder) => {
    await prepare(folder);
    assertEquals(await publishIn(folder, "out"), undefined);
    const { rename } = Deno;
    const publish = async (failing: readonly number[]) => {
      let call = 0;
      using _failing = withDeno({
        rename: (...paths) => failing.includes(++call) ? Promise.reject(new Error("no")) : rename(...paths),
      });
      return await publishAside(
        { path: join(folder, "out"), overwrite: true, inputs: [] },
        (aside) => Deno.writeTextFile(join(aside, "config.json"), "GGUF new"),
      );
    };
    await assertRejects(() => publish([2]), Error, "no");
    assertEquals(await Deno.readTextFile(join(folder, "out/config.json")), "GGUF");
    const { message } = await assertRejects(() => publish([2, 3]), UsageError, "could not be put back; it is kept in ");
    const kept = message.split("it is kept in ")[1]!;
    assertEquals(await publishIn(folder, "out"), undefined);
    assertEquals(await Deno.readTextFile(join(kept, "config.json")), "GGUF", "the next export leaves it alone");
  }));

Deno.test("a single file that a killed export left is removed by the next once it is a day old", () =>
  inFolder(async (folder) => {
    await prepare(folder);
    const hours = (age: number) => new Date(Date.now() - age * 3600_000);
    const [old, young, other] = [crypto.randomUUID(), crypto.randomUUID(), "notes"].map((name) => `.vicuna-${name}`);
    for (const [name, age] of [[old!, 25], [young!, 23], [other!, 25]] as const) {
      await Deno.writeTextFile(join(folder, name), "GG");
      await Deno.utime(join(folder, name), hours(age), hours(age));
    }
    assertEquals(await publishIn(folder, "out.gguf", "model-f16.gguf"), undefined);
    const left = [...Deno.readDirSync(folder)].map(({ name }) => name).filter((name) => name.startsWith(".vicuna-"));
    assertEquals(left.sort(), [young!, other!].sort());
  }));
