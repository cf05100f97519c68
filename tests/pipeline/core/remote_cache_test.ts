import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { PipelineError, type RemoteOptions } from "../../../pipeline/core/mod.ts";
import { joinAndShout, summary, Workbench } from "./helpers.ts";

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

/** A server that keeps what is PUT; `spoil` may change what it answers to GET. */
function serve(spoil: (path: string, body: Uint8Array<ArrayBuffer>) => Response | undefined = () => undefined) {
  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, async (request) => {
    const path = decodeURIComponent(new URL(request.url).pathname);
    if (request.method === "PUT") {
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
    [Symbol.asyncDispose]: () => server.shutdown(),
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
