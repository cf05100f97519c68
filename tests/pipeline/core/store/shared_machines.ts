// Machines that share a cache, for the tests of it.
import type { RemoteOptions } from "../../../../pipeline/core/mod.ts";
import { joinAndShout, summary, Workbench } from "../helpers.ts";

/** How the stages of a run came by their results, and what was told. */
export interface SharedRun {
  readonly stages: readonly string[];
  readonly warnings: readonly string[];
  readonly digest: string;
}

/** Runs the two stages with this shared cache; gives how each came by its result, and the warnings. */
export async function runWith(bench: Workbench, path: string, remoteCache: RemoteOptions): Promise<SharedRun> {
  const result = await bench.run(() => joinAndShout(bench.calls, [path]), { remoteCache });
  const warnings = bench.events.flatMap((event) => event.type === "stage-log" ? [event.message] : []);
  return { stages: summary(result), warnings, digest: result.targets.loud.digest };
}

/** Two machines with the same input. */
export async function twoMachines(
  run: (one: Workbench, other: Workbench, paths: [string, string]) => Promise<void>,
): Promise<void> {
  await using one = new Workbench();
  await using other = new Workbench();
  await run(one, other, [await one.write("a.txt", "text"), await other.write("a.txt", "text")]);
}

/** A shared cache over HTTP, and what lies in it by path. */
export interface CacheServer extends AsyncDisposable {
  readonly files: Map<string, Uint8Array<ArrayBuffer>>;
  readonly location: string;
}

/** A server that keeps what is PUT, if it `takes` that; `spoil` may change what it answers to GET. */
export function serve(
  spoil: (path: string, body: Uint8Array<ArrayBuffer>) => Response | undefined = () => undefined,
  takes = true,
): CacheServer {
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
