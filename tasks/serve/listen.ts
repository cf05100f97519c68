// Listening, and stopping without leaving anything half done.
import { join } from "@std/path";
import type { Hono } from "hono";
import { removeQuietly } from "../../pipeline/core/files.ts";
import { defaultGateLimits, Gate, type GateLimits } from "./gate.ts";

/** How long answers have to end when the server stops. */
const GRACE_MS = 5000;

/** Addresses that only this machine can reach. */
const LOOPBACK = /^(localhost|127(\.\d+){3}|::1|\[::1\])$/i;

/** True when only this machine can reach a host. */
export function isLoopback(host: string): boolean {
  return LOOPBACK.test(host);
}

/**
 * The names that a client may call a server by; undefined when it can be called by names that we do not know.
 *
 * @param allowed names besides this machine's own
 */
export function hostNames(host: string, allowed: readonly string[] = []): string[] | undefined {
  if (!isLoopback(host)) return undefined;
  return [...new Set(["127.0.0.1", "localhost", "[::1]", host, ...allowed].map((name) => name.toLowerCase()))];
}

/** The address of a server as a link. One that listens on all addresses is reachable by this machine's name. */
export function addressOf({ hostname, port }: Deno.NetAddr): string {
  const host = /^(0\.0\.0\.0|::)$/.test(hostname) ? Deno.hostname() : hostname;
  return `http://${host.includes(":") ? `[${host}]` : host}:${port}/`;
}

/** A server that listens. */
export interface Listening {
  readonly addr: Deno.NetAddr;
  /** Settles when it has stopped. */
  readonly finished: Promise<void>;
}

/**
 * Serves an app until the signal is aborted. Then nothing new is accepted, and what does not end by itself within a few
 * seconds is cut.
 *
 * @param report is told of errors that cost nobody but the client they hit
 */
export async function listen(
  app: Hono,
  { host, port }: { readonly host: string; readonly port: number },
  signal: AbortSignal,
  report: (error: unknown) => void,
  limits?: GateLimits,
): Promise<Listening> {
  const cut = new AbortController();
  const serving = { signal: cut.signal, onListen: () => {} };
  // Without sockets in folders there is no limit on descriptors either that a thousand connections would come near.
  if (Deno.build.os === "windows") {
    const server = Deno.serve({ ...serving, hostname: host, port }, app.fetch);
    return { addr: server.addr, finished: stopping(server, signal, cut).finished };
  }
  const listener = Deno.listen({ hostname: host, port });
  const folder = await Deno.makeTempDir({ prefix: "vicuna-serve-" });
  const socket = join(folder, "socket");
  const server = stopping(Deno.serve({ ...serving, path: socket }, app.fetch), signal, cut);
  const gate = new Gate(listener, socket, limits ?? await defaultGateLimits(), report);
  signal.addEventListener("abort", () => gate.close(), { once: true });
  if (signal.aborted) gate.close();
  const finished = Promise.all([server.finished, gate.finished]).then(() => {})
    .finally(() => removeQuietly(folder));
  return { addr: listener.addr, finished };
}

/** Stops a server when the signal is aborted: at once for what is new, after a while for what goes on. */
function stopping<S extends Pick<Deno.HttpServer, "shutdown">>(
  server: S,
  signal: AbortSignal,
  cut: AbortController,
): S {
  const stop = () => {
    const timer = setTimeout(() => cut.abort(), GRACE_MS);
    server.shutdown().finally(() => clearTimeout(timer));
  };
  signal.addEventListener("abort", stop, { once: true });
  if (signal.aborted) stop();
  return server;
}
