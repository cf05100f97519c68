// Nothing that a shared cache is or does stops a run. Places that wait for it, or believe it:
//   pipeline/core/store/shared_place.ts   reading and writing of a folder and over HTTP: under a deadline, plain files only
//   pipeline/core/store/remote_cache.ts   manifests, files and uploads go through it; after a standstill it is left alone
//   pipeline/core/store/manifest.ts       every field of a manifest, which names must be able to lie in a folder together
//   pipeline/core/run/plan.ts           asks for manifests by the same function (find)
//   pipeline/stages/hub/, models/, tasks/serve/  do not read it
import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import {
  type Manifest,
  type ManifestFile,
  outputDigest,
  parseManifest,
} from "../../../../pipeline/core/store/manifest.ts";
import { PipelineError, type RemoteOptions } from "../../../../pipeline/core/mod.ts";
import { RemoteCache } from "../../../../pipeline/core/store/remote_cache.ts";
import { joinAndShout, summary, Workbench } from "../helpers.ts";

/** Runs the two stages with this shared cache; gives how each came by its result, and the warnings. */
async function runWith(bench: Workbench, path: string, remoteCache: RemoteOptions) {
  const result = await bench.run(() => joinAndShout(bench.calls, [path]), { remoteCache });
  const warnings = bench.events.flatMap((event) => event.type === "stage-log" ? [event.message] : []);
  return { stages: summary(result), warnings, digest: result.targets.loud.digest };
}

/** Two machines with the same input. */
async function twoMachines(run: (one: Workbench, other: Workbench, paths: [string, string]) => Promise<void>) {
  await using one = new Workbench();
  await using other = new Workbench();
  await run(one, other, [await one.write("a.txt", "text"), await other.write("a.txt", "text")]);
}

/** A server that keeps what is PUT, if it `takes` that; `spoil` may change what it answers to GET. */
function serve(
  spoil: (path: string, body: Uint8Array<ArrayBuffer>) => Response | undefined = () => undefined,
  takes = true,
) {
  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  const stop = new AbortController();
  const { signal } = stop;
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", signal, onListen() {} }, async (request) => {
    const path = decodeURIComponent(new URL(request.url).pathname);
    if (request.method === "PUT") {
      if (!takes) {
        await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
        return new Response();
      }
      files.set(path, await request.bytes());
      return new Response(null, { status: 201 });
    }
    const body = files.get(path);
    if (body === undefined) return new Response(null, { status: 404 });
    return spoil(path, body) ?? new Response(body);
  });
  return {
    files,
    location: `http://127.0.0.1:${server.addr.port}/cache`,
    async [Symbol.asyncDispose]() {
      stop.abort(); // not by shutdown(), which waits for what stands still
      await server.finished;
    },
  };
}

Deno.test("a shared folder gives another machine the same result, and is only read unless told to write", () =>
  twoMachines(async (one, other, [first, second]) => {
    const location = join(one.dir, "shared");
    assertEquals((await runWith(one, first, { location })).stages, ["join ran", "shout ran"]);
    assertEquals((await runWith(other, second, { location })).stages, ["join ran", "shout ran"]);
    await Deno.remove(one.cacheDir, { recursive: true });
    await Deno.remove(other.cacheDir, { recursive: true });
    const written = await runWith(one, first, { location, write: true });
    const read = await runWith(other, second, { location });
    assertEquals(read, { stages: ["join cached", "shout cached"], warnings: [], digest: written.digest });
    assertEquals(other.calls, []);
  }));

Deno.test("a shared cache over HTTP gives the same result", () =>
  twoMachines(async (one, other, [first, second]) => {
    await using server = serve();
    const written = await runWith(one, first, { location: server.location, write: true });
    assertEquals(server.files.size, 5, "the manifests of two results, and their three files");
    const read = await runWith(other, second, { location: server.location });
    assertEquals(read, { stages: ["join cached", "shout cached"], warnings: [], digest: written.digest });
  }));

const faults: Record<string, [(path: string, body: Uint8Array<ArrayBuffer>) => Response | undefined, string]> = {
  "other bytes of the right length": [
    (path, body) => path.endsWith("text.txt") ? new Response(body.map((byte) => byte ^ 1)) : undefined,
    "text.txt is not what was published (SHA-256 differs)",
  ],
  "too few bytes": [
    (path, body) => path.endsWith("text.txt") ? new Response(body.subarray(1)) : undefined,
    "text.txt has 3 bytes instead of 4",
  ],
  "too many bytes": [
    (path) => path.endsWith("text.txt") ? new Response("x".repeat(1 << 20)) : undefined,
    "text.txt is longer than 4 bytes",
  ],
  "an error": [
    (path) => path.endsWith("text.txt") ? new Response("no", { status: 500 }) : undefined,
    "answered 500",
  ],
  "a missing file": [
    (path) => path.endsWith("text.txt") ? new Response(null, { status: 404 }) : undefined,
    "text.txt is missing",
  ],
  "a page instead of a manifest": [
    (path) => path.endsWith("manifest.json") ? new Response("<html>") : undefined,
    "manifest.json is not JSON",
  ],
  "a path that leads out of the folder": [
    (path, body) =>
      path.endsWith("manifest.json")
        ? new Response(new TextDecoder().decode(body).replace('"text.txt"', '"../../text.txt"'))
        : undefined,
    "manifest.json has another layout",
  ],
};

for (const [what, [spoil, message]] of Object.entries(faults)) {
  Deno.test(`a shared cache that answers with ${what} is a miss that says so`, () =>
    twoMachines(async (one, other, [first, second]) => {
      await using server = serve(spoil);
      const written = await runWith(one, first, { location: server.location, write: true });
      const read = await runWith(other, second, { location: server.location });
      assertEquals(read.stages, ["join ran", "shout ran"]);
      assertEquals(read.digest, written.digest);
      assert(read.warnings[0]?.includes(message), `${read.warnings[0]}`);
      assertEquals([...Deno.readDirSync(join(other.cacheDir, "staging"))], []);
    }));
}

/** A manifest with other files, whose digest agrees with them. */
function withFiles(text: string, change: (files: ManifestFile[]) => unknown[]): string {
  const manifest = JSON.parse(text);
  const files = change(manifest.files) as ManifestFile[];
  return JSON.stringify({ ...manifest, files, digest: outputDigest(files.filter((file) => file), manifest.meta) });
}

const oddFiles: Record<string, [(files: ManifestFile[]) => unknown[], string]> = {
  "a file twice": [(files) => [...files, ...files], "manifest.json names a file twice"],
  "a file below another": [
    (files) => [...files, { ...files[0]!, path: `${files[0]!.path}/deeper` }],
    "manifest.json has the file text.txt and one below it",
  ],
  "a name that is too long": [(files) => [{ ...files[0]!, path: "x".repeat(300) }], "has another layout"],
  "a path that is too long": [(files) => [{ ...files[0]!, path: "x/".repeat(3000) + "x" }], "has another layout"],
  "NUL in a name": [(files) => [{ ...files[0]!, path: "a\0b" }], "has another layout"],
  "a newline in a name": [(files) => [{ ...files[0]!, path: "a\nb" }], "has another layout"],
  "half a character in a name": [(files) => [{ ...files[0]!, path: "\ud800" }], "has another layout"],
  "a size below nothing": [(files) => [{ ...files[0]!, size: -1 }], "has another layout"],
  "a size that is no whole number": [(files) => [{ ...files[0]!, size: 1.5 }], "has another layout"],
  "a digest that is none": [(files) => [{ ...files[0]!, sha256: "" }], "has another layout"],
  "a file that is null": [() => [null], "has another layout"],
};

const oddFields = [
  "stage",
  "digest",
  "meta",
  "settings",
  "createdAt",
  "durationMs",
  "device",
  "files",
  "record",
];

Deno.test("a manifest that is odd in any field is none", () =>
  twoMachines(async (one, _other, [first]) => {
    const { targets } = await one.run(() => joinAndShout(one.calls, [first]));
    const { key, dir } = targets.loud;
    const text = await Deno.readTextFile(join(dir, "../manifest.json"));
    assert(typeof parseManifest(text, key) === "object");
    const expectFault = (odd: string, what: string, message: string) => {
      const found = parseManifest(odd, key);
      assert(typeof found === "string" && found.includes(message), `${what}: ${JSON.stringify(found)}`);
    };
    for (const [what, [change, message]] of Object.entries(oddFiles)) {
      expectFault(withFiles(text, change), what, message);
    }
    for (const field of oddFields) {
      const odd = JSON.stringify({ ...JSON.parse(text), [field]: [field.length] });
      expectFault(odd, field, "has another layout");
    }
    const deep = `${'{"a":'.repeat(50_000)}1${"}".repeat(50_000)}`;
    expectFault(text.replace('"record": {', `"record": { "deep": ${deep},`), "a record without bottom", "layout");
  }));

for (const what of ["a file twice", "a file below another"]) {
  Deno.test(`a run goes on with a warning when a shared manifest has ${what}`, () =>
    twoMachines(async (one, other, [first, second]) => {
      const [change, message] = oddFiles[what]!;
      await using server = serve((path, body) =>
        path.endsWith("manifest.json") && new TextDecoder().decode(body).includes('"text.txt"')
          ? new Response(withFiles(new TextDecoder().decode(body), change))
          : undefined
      );
      const written = await runWith(one, first, { location: server.location, write: true });
      const read = await runWith(other, second, { location: server.location });
      assertEquals([read.stages, read.digest], [["join ran", "shout ran"], written.digest]);
      assert(read.warnings[0]?.includes(message), read.warnings[0]);
    }));
}

/** How long a shared cache may stand still in these tests. */
const stallMs = 60;
const gaveUp = "no progress within 0.06 s; it is not asked again in this run";

/** What `work` gives; fails when it waits for much longer than the deadline that should end it. */
async function inTime<T>(work: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error("it waits without a deadline")), 50 * stallMs);
  });
  return await Promise.race([work, late]).finally(() => clearTimeout(timer));
}

/** Fetches a result twice under a short deadline; gives the faults that were told. */
async function fetchFrom(location: string, key: string, dir: string): Promise<string[]> {
  const faults: string[] = [];
  const cache = new RemoteCache({ location }, stallMs);
  const staging = { root: dir, dir };
  const signal = new AbortController().signal;
  for (let i = 0; i < 2; i++) {
    const fetched = cache.fetch("join", key, staging, signal, (detail) => faults.push(detail));
    assertEquals(await inTime(fetched), undefined);
  }
  return faults;
}

/** Shares the result of a run twice under a short deadline; gives the faults that were told. */
async function shareTo(location: string, one: Workbench, path: string): Promise<(string | undefined)[]> {
  const { targets } = await one.run(() => joinAndShout(one.calls, [path]));
  const entry = join(targets.loud.dir, "..");
  const manifest = parseManifest(await Deno.readTextFile(join(entry, "manifest.json")), targets.loud.key) as Manifest;
  const cache = new RemoteCache({ location, write: true }, stallMs);
  const share = () => inTime(cache.store(manifest, entry, new AbortController().signal));
  return [await share(), await share()];
}

const keyOfJoin = (files: ReadonlyMap<string, unknown>) =>
  [...files.keys()].find((path) => path.startsWith("/cache/join/"))!.split("/")[3]!;

/** A body that begins and never ends. */
const endless = (start: Uint8Array) =>
  new Response(new ReadableStream({ start: (controller) => controller.enqueue(start) }));

/** A body of blanks, one at a time, that never ends. */
function trickle(): Response {
  let timer: ReturnType<typeof setInterval>;
  const start = (controller: ReadableStreamDefaultController<Uint8Array>) => {
    timer = setInterval(() => controller.enqueue(new Uint8Array([0x20])), stallMs / 12);
  };
  return new Response(new ReadableStream({ start, cancel: () => clearInterval(timer) }));
}

for (
  const [what, answer, files] of [
    ["stands still in an answer", (body: Uint8Array) => endless(body.subarray(0, 2)), ["manifest.json", "text.txt"]],
    ["answers a byte at a time", trickle, ["manifest.json"]],
  ] as const
) {
  Deno.test(`a shared cache that ${what} is left alone after one deadline`, () =>
    twoMachines(async (one, other, [first]) => {
      for (const file of files) {
        await using server = serve((path, body) => path.endsWith(file) ? answer(body) : undefined);
        await runWith(one, first, { location: server.location, write: true });
        const dir = await Deno.makeTempDir({ dir: other.dir });
        const [fault, ...more] = await fetchFrom(server.location, keyOfJoin(server.files), dir);
        assert(fault?.includes(gaveUp), fault);
        assertEquals(more, [], "the second time it is not asked");
        await Deno.remove(one.cacheDir, { recursive: true });
      }
    }));
}

Deno.test("an upload that is not taken is given up with a warning", () =>
  twoMachines(async (one, _other, [first]) => {
    await using server = serve(undefined, false);
    assertEquals(await shareTo(server.location, one, first), [gaveUp, undefined]);
  }));

/** Has a function of Deno's stand still for paths below a folder, as a network file system does whose server is gone. */
function standStill(name: "stat" | "open" | "mkdir" | "rename" | "read", folder: string): Disposable {
  const never = () => new Promise<never>(() => {});
  const real = name === "read" ? Deno.open : Deno[name];
  const still = (...args: [path: string, ...rest: unknown[]]) => {
    if (!args.some((arg) => typeof arg === "string" && arg.startsWith(folder))) return Reflect.apply(real, Deno, args);
    return name === "read" ? Promise.resolve({ readable: new ReadableStream() }) : never();
  };
  const place = name === "read" ? "open" : name;
  Object.assign(Deno, { [place]: still });
  return { [Symbol.dispose]: () => void Object.assign(Deno, { [place]: real }) };
}

for (const name of ["stat", "open", "read"] as const) {
  Deno.test(`a shared folder that stands still in ${name}() is left alone after one deadline`, () =>
    twoMachines(async (one, other, [first]) => {
      const location = join(one.dir, "shared");
      await runWith(one, first, { location, write: true });
      const [key] = [...Deno.readDirSync(join(location, "join"))].map(({ name }) => name);
      const dir = await Deno.makeTempDir({ dir: other.dir });
      using _still = standStill(name, location);
      assertEquals(await fetchFrom(location, key!, dir), [gaveUp]);
    }));
}

for (const name of ["mkdir", "open", "rename"] as const) {
  Deno.test(`a shared folder that stands still in ${name}() while it is written is given up with a warning`, () =>
    twoMachines(async (one, _other, [first]) => {
      const location = join(one.dir, "shared");
      using _still = standStill(name, location);
      assertEquals(await shareTo(location, one, first), [gaveUp, undefined]);
    }));
}

Deno.test("a pipe or a device in a shared folder is a miss", () =>
  twoMachines(async (one, other, [first, second]) => {
    const location = join(one.dir, "shared");
    const written = await runWith(one, first, { location, write: true });
    const [key] = [...Deno.readDirSync(join(location, "join"))].map(({ name }) => name);
    const file = join(location, "join", key!, "output/text.txt");
    for (const make of [["mkfifo", file], ["ln", "-s", "/dev/zero", file]] as const) {
      await Deno.remove(file);
      assert((await new Deno.Command(make[0], { args: make.slice(1) }).output()).success);
      await Deno.remove(other.cacheDir, { recursive: true }).catch(() => {});
      const read = await runWith(other, second, { location });
      assertEquals([read.stages[0], read.digest], ["join ran", written.digest]);
      assert(read.warnings[0]?.includes("is no plain file"), read.warnings[0]);
      other.events.length = 0;
    }
  }));

Deno.test("a shared cache that cannot be reached costs a warning, never the run; an address of another kind is refused", () =>
  twoMachines(async (one, _other, [first]) => {
    const { stages, warnings } = await runWith(one, first, { location: "http://127.0.0.1:9/cache", write: true });
    assertEquals(stages, ["join ran", "shout ran"]);
    assert(warnings.length > 0);
    await assertRejects(
      () => runWith(one, first, { location: "ftp://somewhere" }),
      PipelineError,
      "an http(s) address",
    );
  }));
