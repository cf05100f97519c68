// What is written over: the output folder and the lock of `train` and `evaluate` (run_pipeline.ts, the only place that copies
// results or writes a lock); `export` has its own rule (publish_aside.ts); a saved conversation asks for a name of its own.
import { assertEquals, assertRejects } from "@std/assert";
import { createHash } from "node:crypto";
import { join } from "@std/path";
import { copyTargets, PipelineError, type TargetsResult } from "../../../../pipeline/core/mod.ts";
import { keepEarlierResult, noteResult, RESULT_NOTE, writeLockFile } from "../../../../pipeline/core/upkeep.ts";
import { makeUnreadable } from "../../../faults/unreadable.ts";
import { Workbench } from "../helpers.ts";

/** A result with one target of these files. */
async function resultOf(bench: Workbench, digest: string, files: Record<string, string>): Promise<TargetsResult> {
  const dir = join(bench.dir, "store", digest);
  const sha256: Record<string, string> = {};
  for (const [name, content] of Object.entries(files)) {
    await bench.write(`store/${digest}/${name}`, content);
    sha256[name] = createHash("sha256").update(content).digest("hex");
  }
  const about = {
    stage: "train",
    status: "ran",
    key: digest,
    digest,
    dir,
    files: Object.keys(files),
    meta: {},
  } as const;
  return { targets: { adapter: { ...about, sha256 } } };
}

/** Copies a result as `train` does, and gives where the earlier one went, relative to the bench. */
async function put(bench: Workbench, result: TargetsResult): Promise<string | undefined> {
  const out = join(bench.dir, "out");
  const kept = await keepEarlierResult(result, out);
  await noteResult(result, out, await copyTargets(result, out));
  return kept?.slice(bench.dir.length + 1);
}

function tree(dir: string, prefix = ""): Record<string, string> {
  const found: Record<string, string> = {};
  for (const { name, isDirectory } of Deno.readDirSync(join(dir, prefix))) {
    if (name === RESULT_NOTE) continue;
    if (isDirectory) Object.assign(found, tree(dir, `${prefix}${name}/`));
    else found[prefix + name] = Deno.readTextFileSync(join(dir, prefix, name));
  }
  return found;
}

Deno.test("another result is kept beside the folder, whole and numbered; the user's own files stay", async () => {
  await using bench = new Workbench();
  const first = { "adapter.bin": "A", "config.json": "same", "checkpoint-2/adapter.bin": "C" };
  assertEquals(await put(bench, await resultOf(bench, "one", first)), undefined);
  await bench.write("out/notes.txt", "mine");
  const second = { "adapter.bin": "B", "config.json": "same" };
  assertEquals(await put(bench, await resultOf(bench, "two", second)), "out.1");
  assertEquals(tree(join(bench.dir, "out")), { ...second, "notes.txt": "mine" });
  assertEquals(tree(join(bench.dir, "out.1")), first);
  assertEquals(await put(bench, await resultOf(bench, "three", first)), "out.2");
  assertEquals(tree(join(bench.dir, "out.2")), second);
});

Deno.test("the same result again moves nothing, though files that tell the time differ", async () => {
  await using bench = new Workbench();
  await put(bench, await resultOf(bench, "one", { "log.jsonl": "12:00" }));
  const again = await resultOf(bench, "one", { "log.jsonl": "12:01" });
  assertEquals(await put(bench, again), undefined);
});

Deno.test("without a note a result is told by its files: equal ones stay, others are kept", async () => {
  await using bench = new Workbench();
  const result = await resultOf(bench, "one", { "adapter.bin": "A" });
  await bench.write("out/adapter.bin", "A");
  assertEquals(await keepEarlierResult(result, join(bench.dir, "out")), undefined);
  await bench.write("out/adapter.bin", "of an older version");
  assertEquals(await put(bench, result), "out.1");
  assertEquals(tree(join(bench.dir, "out.1")), { "adapter.bin": "of an older version" });
});

Deno.test("a file of an earlier result that cannot be read is kept beside the folder; a note that cannot be read is named", async () => {
  await using bench = new Workbench();
  const result = await resultOf(bench, "one", { "adapter.bin": "A" });
  const file = await bench.write("out/adapter.bin", "A");
  {
    using _bad = makeUnreadable([file]);
    assertEquals(await put(bench, result), "out.1");
  }
  assertEquals(tree(join(bench.dir, "out")), { "adapter.bin": "A" });
  const note = join(bench.dir, "out", RESULT_NOTE);
  const again = () => assertRejects(() => put(bench, result), PipelineError, `reading ${note}: `);
  {
    using _bad = makeUnreadable([note]);
    await again();
  }
  await Deno.remove(note);
  await Deno.mkdir(note);
  await again();
});

Deno.test("a note that names files outside its folder moves none of them", async () => {
  await using bench = new Workbench();
  await bench.write("secret", "mine");
  const note = { format: 1, targets: { adapter: "x" }, files: ["../secret", "/etc/hostname"] };
  await bench.write(`out/${RESULT_NOTE}`, JSON.stringify(note));
  const result = await resultOf(bench, "one", { "adapter.bin": "A" });
  assertEquals(await keepEarlierResult(result, join(bench.dir, "out")), undefined);
  assertEquals(Deno.readTextFileSync(join(bench.dir, "secret")), "mine");
});

Deno.test("a result that cannot be moved is named with what to do, and stays", async () => {
  await using bench = new Workbench();
  await put(bench, await resultOf(bench, "one", { "adapter.bin": "A" }));
  await bench.write("out.1", "taken");
  const rename = Deno.rename;
  Deno.rename = () => Promise.reject(new Deno.errors.PermissionDenied("read-only"));
  try {
    const other = await resultOf(bench, "two", { "adapter.bin": "B" });
    await assertRejects(() => put(bench, other), PipelineError, "out.2: read-only. Choose another --output-path");
  } finally {
    Deno.rename = rename;
  }
  assertEquals(tree(join(bench.dir, "out")), { "adapter.bin": "A" });
});

Deno.test("a lock that says something else of a pipeline is kept beside the new one, when that is asked for", async () => {
  await using bench = new Workbench();
  const path = join(bench.dir, "vicuna.lock.json");
  const locked = (epochs: number) => ({ options: { epochs }, deno: "2", stages: {} });
  assertEquals(await writeLockFile(path, "one", locked(1), { keep: true }), { changed: true });
  assertEquals(await writeLockFile(path, "two", locked(1), { keep: true }), { changed: true });
  assertEquals(await writeLockFile(path, "one", locked(2), { keep: true }), { changed: true, kept: `${path}.1` });
  assertEquals(JSON.parse(Deno.readTextFileSync(`${path}.1`)).pipelines.one.options, { epochs: 1 });
  assertEquals(await writeLockFile(path, "one", locked(3)), { changed: true });
});
