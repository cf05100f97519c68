// Shared caches that behave badly.
import { join } from "@std/path";
import type { Random } from "../kernels/harness.ts";

/**
 * A server that has nothing, or stands still: in an answer, in the middle of one, or while it is given something.
 *
 * @returns where it is, and what it does
 */
export function stallingServer(random: Random): { location: string; how: string } & AsyncDisposable {
  const how = (["the answer", "the body", "the upload"] as const)[random.below(3)]!;
  const stop = new AbortController();
  const never = new Promise<void>((resolve) => stop.signal.addEventListener("abort", () => resolve()));
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, signal: stop.signal, onListen() {} }, async (request) => {
    if (request.method === "PUT") {
      if (how === "the upload") await never;
      await request.body?.cancel();
      return new Response(null, { status: 201 });
    }
    if (how === "the answer") await never;
    if (how !== "the body") return new Response(null, { status: 404 });
    return new Response(new ReadableStream({ start: (controller) => controller.enqueue(new Uint8Array(3)) }));
  });
  return {
    location: `http://127.0.0.1:${server.addr.port}`,
    how,
    async [Symbol.asyncDispose]() {
      stop.abort();
      await server.finished;
    },
  };
}

/** Spoils the manifests and files of a shared folder, each in some way. Says what it did. */
export async function spoilShared(folder: string, random: Random): Promise<string> {
  const done: string[] = [];
  for (const { name: stage } of Deno.readDirSync(folder)) {
    for (const { name: key } of Deno.readDirSync(join(folder, stage))) {
      const path = join(folder, stage, key, "manifest.json");
      const ways = Object.keys(oddities);
      const how = ways[random.below(ways.length)]!;
      await oddities[how]!(path, JSON.parse(await Deno.readTextFile(path)));
      done.push(`${stage}: ${how}`);
    }
  }
  return done.join(", ");
}

// deno-lint-ignore no-explicit-any -- it is changed into what it should not be
type Manifest = any;

const write = (path: string, manifest: Manifest) => Deno.writeTextFile(path, JSON.stringify(manifest));

const oddities: Record<string, (path: string, manifest: Manifest) => Promise<void>> = {
  "files twice": (path, manifest) => write(path, { ...manifest, files: [...manifest.files, ...manifest.files] }),
  "a file below another": (path, manifest) => {
    const [first] = manifest.files;
    return write(path, { ...manifest, files: [...manifest.files, { ...first, path: `${first.path}/x` }] });
  },
  "a name too long": (path, manifest) =>
    write(path, { ...manifest, files: [{ ...manifest.files[0], path: "x".repeat(300) }] }),
  "NUL in a name": (path, manifest) => write(path, { ...manifest, files: [{ ...manifest.files[0], path: "a\0" }] }),
  "other types": (path, manifest) =>
    write(path, Object.fromEntries(Object.keys(manifest).map((name) => [name, [name]]))),
  "no files": (path, manifest) => write(path, { ...manifest, files: [] }),
  "a folder": async (path) => {
    await Deno.remove(path);
    await Deno.mkdir(path);
  },
  "a device": async (path) => {
    await Deno.remove(path);
    await Deno.symlink("/dev/zero", path);
  },
  "a pipe for a file": async (path, manifest) => {
    const file = join(path, "../output", manifest.files[0].path);
    await Deno.remove(file);
    await new Deno.Command("mkfifo", { args: [file] }).output();
  },
};
