// A server with a tiny real model, in a process of its own: `deno run -A tests/load/server.ts FOLDER`. It prints its port, and
// tells at /measure what it holds. It ends when its standard input does.
import { join } from "@std/path";
import { openGenerator } from "../../tasks/generation/open_generator.ts";
import { createApp } from "../../tasks/serve/app.ts";
import { DEFAULT_LIMITS } from "../../tasks/serve/context.ts";
import { hostNames, listen } from "../../tasks/serve/listen.ts";

/** What the server holds. */
export interface Measure {
  /** Memory of the process, in bytes; with a software driver the device's memory is in it. */
  readonly rss: number;
  /** Of that, what the program's own objects take after a collection. */
  readonly heap: number;
  /** Of that, what V8 has reserved for objects, with the room for new ones. */
  readonly reserved: number;
  /** What else the program's objects hold, such as bytes that were received. */
  readonly external: number;
  /** Bytes of the device's buffers. */
  readonly deviceBytes: number;
  /** Requests that run or wait. */
  readonly inside: number;
  /** Faults that were the server's own. */
  readonly faults: readonly string[];
}

/** Answers that are generated together. */
const SLOTS = 8;

async function serve(folder: string): Promise<void> {
  const stop = new AbortController();
  const [cacheDir, host] = [join(folder, "cache"), "127.0.0.1"];
  const opened = await openGenerator({
    ...{ baseModel: join(folder, "model"), bits: 8, cacheDir, adapters: [], slots: SLOTS },
    signal: stop.signal,
  }, () => {});
  const faults: string[] = [];
  const { app, admission } = await createApp({
    generator: opened.generator,
    ...{ model: "tiny", device: opened.device.info.description, fingerprint: "fp_load", template: "alpaca" },
    ...{ language: "en", cacheDir, signal: stop.signal },
    access: { hosts: hostNames(host), apiKey: undefined, allowOrigins: [] },
    limits: { ...DEFAULT_LIMITS, requests: 2 * SLOTS },
    report: (error) => faults.push(String(error)),
  });
  app.get("/measure", (c) => {
    collect?.();
    const { rss, heapUsed, heapTotal, external } = Deno.memoryUsage();
    const measure: Measure = {
      ...{ rss, heap: heapUsed, reserved: heapTotal, external },
      ...{ deviceBytes: opened.device.allocated, inside: admission.inside, faults },
    };
    return c.json(measure);
  });
  const server = await listen(app, { host, port: 0 }, stop.signal, (error) => console.error(error));
  console.log(server.addr.port);
  for await (const _ of Deno.stdin.readable);
  stop.abort();
  await server.finished;
  opened.close();
}

/** V8's collector, where `--expose-gc` gives it. */
const { gc: collect } = globalThis as { gc?: () => void };

const [folder] = Deno.args;
if (import.meta.main && folder !== undefined) await serve(folder);
