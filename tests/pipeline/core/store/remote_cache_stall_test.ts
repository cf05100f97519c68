// That a shared cache which stands still, in whatever it is asked for, is left alone after one deadline.
import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { type Manifest, parseManifest } from "../../../../pipeline/core/store/manifest.ts";
import { RemoteCache } from "../../../../pipeline/core/store/remote_cache.ts";
import { joinAndShout, type Workbench } from "../helpers.ts";
import { runWith, serve, twoMachines } from "./shared_machines.ts";

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
