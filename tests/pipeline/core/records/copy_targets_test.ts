// An output folder changes whole. Places where several files that belong together are written to a folder of the user's:
//   pipeline/core/records/copy_targets.ts   results of train, evaluate and pipelines (here)
//   tasks/cli/publish_aside.ts      export: a finished folder is swapped in (tests/tasks/export_overwrite_test.ts)
//   pipeline/core/store/store.ts          results in the cache: one rename (store_test.ts)
//   pipeline/stages/training/checkpoints.ts  a folder written aside, then renamed (tests/pipeline/stages/training/checkpoints_test.ts)
//   pipeline/core/records/lock_file.ts, tasks/chat/files.ts, models/training/product_tuning.ts  single files, each by one rename
import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { createHash } from "node:crypto";
import { copyTargets, DamagedTargetError, PipelineError, type TargetsResult } from "../../../../pipeline/core/mod.ts";
import { makeUnreadable } from "../../../faults/unreadable.ts";
import { Workbench } from "../helpers.ts";

async function target(
  bench: Workbench,
  name: string,
  files: Record<string, string>,
): Promise<TargetsResult["targets"][string]> {
  for (const [path, content] of Object.entries(files)) await bench.write(`store/${name}/${path}`, content);
  const dir = join(bench.dir, "store", name);
  const sha256: Record<string, string> = {};
  for (const path of Object.keys(files)) {
    sha256[path] = createHash("sha256").update(await Deno.readFile(join(dir, path))).digest("hex");
  }
  return {
    stage: name,
    status: "cached",
    key: `key of ${name}`,
    digest: "",
    dir,
    files: Object.keys(files),
    sha256,
    meta: {},
  };
}

function tree(dir: string, prefix = ""): Record<string, string> {
  const found: Record<string, string> = {};
  for (const { name, isDirectory } of Deno.readDirSync(join(dir, prefix))) {
    if (isDirectory) Object.assign(found, tree(dir, `${prefix}${name}/`));
    else found[prefix + name] = Deno.readTextFileSync(join(dir, prefix, name));
  }
  return found;
}

Deno.test("copyTargets() lays all files side by side, and leaves other files of the folder alone", async () => {
  await using bench = new Workbench();
  const out = join(bench.dir, "out");
  await bench.write("out/notes.txt", "mine");
  await bench.write("out/report.md", "old");
  const written = await copyTargets({
    targets: {
      adapter: await target(bench, "adapter", { "adapter.bin": "A", "checkpoints/1.bin": "C" }),
      report: await target(bench, "report", { "report.md": "R" }),
    },
  }, out);
  assertEquals(written, ["adapter.bin", "checkpoints/1.bin", "report.md"]);
  assertEquals(tree(out), { "adapter.bin": "A", "checkpoints/1.bin": "C", "notes.txt": "mine", "report.md": "R" });
});

Deno.test("copyTargets() puts a name with different contents below each target's name, an equal one once", async () => {
  await using bench = new Workbench();
  const out = join(bench.dir, "out");
  const written = await copyTargets({
    targets: {
      before: await target(bench, "before", { "results.json": "1", "config.json": "same" }),
      after: await target(bench, "after", { "results.json": "2", "config.json": "same" }),
    },
  }, out);
  assertEquals(written, ["after/results.json", "before/results.json", "config.json"]);
  assertEquals(tree(out), { "after/results.json": "2", "before/results.json": "1", "config.json": "same" });
});

Deno.test("copyTargets() says what it could not write, and leaves nothing torn", async () => {
  await using bench = new Workbench();
  const out = join(bench.dir, "out");
  await bench.write("out/report.md/in the way", "x");
  const targets = { report: await target(bench, "report", { "report.md": "R" }) };
  await assertRejects(() => copyTargets({ targets }, out), PipelineError, "report.md (1 bytes are needed in all)");
  assertEquals(tree(out), { "report.md/in the way": "x" });
});

Deno.test("copyTargets() finds a flipped bit while it copies, and leaves the earlier file as it was", async () => {
  await using bench = new Workbench();
  const out = join(bench.dir, "out");
  await bench.write("out/adapter.bin", "old");
  const targets = { adapter: await target(bench, "adapter", { "adapter.bin": "A" }) };
  await bench.write("store/adapter/adapter.bin", "B");
  const error = await assertRejects(() => copyTargets({ targets }, out), DamagedTargetError, "adapter.bin");
  assertEquals(error.key, "key of adapter");
  assertEquals(tree(out), { "adapter.bin": "old" });
});

/** What may lie in the place of a file of the cache that cannot be read. */
const unreadable: Record<string, (path: string) => Disposable | undefined> = {
  "a file on a bad spot of the disk": (path) => makeUnreadable([path]),
  "a folder": (path) => {
    Deno.removeSync(path);
    Deno.mkdirSync(path);
    return undefined;
  },
};

for (const [what, place] of Object.entries(unreadable)) {
  Deno.test(`copyTargets() names what cannot be read when it finds ${what}, and leaves the earlier file as it was`, async () => {
    await using bench = new Workbench();
    const out = join(bench.dir, "out");
    await bench.write("out/adapter.bin", "old");
    const targets = { adapter: await target(bench, "adapter", { "adapter.bin": "A" }) };
    const path = join(bench.dir, "store/adapter/adapter.bin");
    using _bad = place(path);
    const error = await assertRejects(() => copyTargets({ targets }, out), DamagedTargetError, `copying ${path}`);
    assertEquals(error.key, "key of adapter");
    assertEquals(tree(out), { "adapter.bin": "old" });
  });
}

/** Has renaming fail from its n-th call on, counted from 1, until it is disposed of; so many calls fail. */
function failRenaming(from: number, calls: number): Disposable {
  const { rename } = Deno;
  let call = 0;
  Deno.rename = (...paths) => {
    call++;
    return call >= from && call < from + calls ? Promise.reject(new Error(`rename ${call} failed`)) : rename(...paths);
  };
  return { [Symbol.dispose]: () => void (Deno.rename = rename) };
}

/** Two files that are to replace two others; a third of the folder is the user's. */
async function replacement(bench: Workbench) {
  const out = join(bench.dir, "out");
  const old = { "a.bin": "old A", "b.bin": "old B", "notes.txt": "mine" };
  for (const [name, content] of Object.entries(old)) await bench.write(`out/${name}`, content);
  return { out, old, targets: { both: await target(bench, "both", { "a.bin": "A", "b.bin": "B" }) } };
}

// The first two renames finish the copies aside, two move the old files away, the last two put the new ones in place.
for (const call of [3, 4, 5, 6]) {
  Deno.test(`copyTargets() leaves the folder as it was when rename ${call} of 6 fails`, async () => {
    await using bench = new Workbench();
    const { out, old, targets } = await replacement(bench);
    {
      using _failing = failRenaming(call, 1);
      await assertRejects(() => copyTargets({ targets }, out), Error, `rename ${call} failed`);
    }
    assertEquals(tree(out), old);
    await copyTargets({ targets }, out);
    assertEquals(tree(out), { "a.bin": "A", "b.bin": "B", "notes.txt": "mine" });
  });
}

Deno.test("copyTargets() loses no earlier file when the renames back fail too: it says where they are kept", async () => {
  for (const [call, calls] of [[6, 3], [6, 4], [4, 9]] as const) {
    await using bench = new Workbench();
    const { out, old, targets } = await replacement(bench);
    let message: string;
    {
      using _failing = failRenaming(call, calls);
      ({ message } = await assertRejects(() => copyTargets({ targets }, out), PipelineError, "it is kept in"));
    }
    const kept = message.split("it is kept in ")[1]!;
    const found = { ...tree(out), ...tree(kept) };
    for (const [name, content] of Object.entries(old)) assertEquals(found[name], content, `${name} after ${call}`);
    await copyTargets({ targets }, out); // a later run does not clear it away
    assertEquals(tree(kept), Object.fromEntries(Object.keys(tree(kept)).map((name) => [name, old[name as "a.bin"]])));
    assert(Object.keys(tree(kept)).length > 0);
  }
});

Deno.test("whenever copyTargets() is killed, no new file lies beside an old one, and the next run finishes and tidies up", async () => {
  await using bench = new Workbench();
  const out = join(bench.dir, "out");
  const files = { "adapter_config.json": "new", "adapter_model.safetensors": "new", "deep/log.json": "new" };
  const targets = { adapter: await target(bench, "adapter", files) };
  const old = { "adapter_config.json": "old", "adapter_model.safetensors": "old", "notes.txt": "mine" };
  const child = new URL("../children/killed_copy.ts", import.meta.url).pathname;
  let ends = false;
  for (let point = 0; !ends; point++) {
    for (const [name, content] of Object.entries(old)) await bench.write(`out/${name}`, content);
    const args = ["run", "-A", "--no-check", child, JSON.stringify({ targets, out, point })];
    const { code, signal } = await new Deno.Command(Deno.execPath(), { args, stderr: "inherit" }).output();
    ends = code === 0;
    assert(ends || signal === "SIGKILL", `${code}`);
    const { "notes.txt": mine, ...found } = tree(out);
    assertEquals(mine, "mine");
    const visible = Object.entries(found).filter(([path]) => !path.startsWith(".vicuna-"));
    assertEquals(new Set(visible.map(([, content]) => content)).size <= 1, true, JSON.stringify(visible));
    await copyTargets({ targets }, out);
    assertEquals(tree(out), { ...files, "notes.txt": "mine" });
    assert(![...Deno.readDirSync(out)].some(({ name }) => name.startsWith(".vicuna-")), "something is left behind");
    await Deno.remove(out, { recursive: true });
  }
});
