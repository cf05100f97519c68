// Nothing that a shared cache is or does stops a run. Places that wait for it, or believe it:
//   pipeline/core/store/shared_place.ts   reading and writing of a folder and over HTTP: under a deadline, plain files only
//   pipeline/core/store/remote_cache.ts   manifests, files and uploads go through it; after a standstill it is left alone
//   pipeline/core/store/manifest.ts       every field of a manifest, which names must be able to lie in a folder together
//   pipeline/core/run/plan.ts           asks for manifests by the same function (find)
//   pipeline/stages/hub/, models/, tasks/serve/  do not read it
import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { type ManifestFile, outputDigest, parseManifest } from "../../../../pipeline/core/store/manifest.ts";
import { PipelineError } from "../../../../pipeline/core/mod.ts";
import { joinAndShout } from "../helpers.ts";
import { runWith, serve, twoMachines } from "./shared_machines.ts";

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
