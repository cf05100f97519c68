// Listening, and stopping without leaving anything half done.
import type { Hono } from "hono";

/** How long answers have to end when the server stops. */
const GRACE_MS = 5000;

/** Addresses that only this machine can reach. */
const LOOPBACK = /^(localhost|127(\.\d+){3}|::1|\[::1\])$/i;

/** True when only this machine can reach a host. */
export function isLoopback(host: string): boolean {
  return LOOPBACK.test(host);
}

/** The names that a client may call a server by; undefined when it can be called by names that we do not know. */
export function hostNames(host: string): string[] | undefined {
  if (!isLoopback(host)) return undefined;
  return [...new Set(["127.0.0.1", "localhost", "[::1]", host.toLowerCase()])];
}

/** The address of a server as a link. One that listens on all addresses is reachable by this machine's name. */
export function addressOf({ hostname, port }: Deno.NetAddr): string {
  const host = /^(0\.0\.0\.0|::)$/.test(hostname) ? Deno.hostname() : hostname;
  return `http://${host.includes(":") ? `[${host}]` : host}:${port}/`;
}

/**
 * Serves an app until the signal is aborted. Then nothing new is accepted, and what does not end by itself within a few
 * seconds is cut.
 */
export function listen(
  app: Hono,
  { host, port }: { readonly host: string; readonly port: number },
  signal: AbortSignal,
): Deno.HttpServer<Deno.NetAddr> {
  const cut = new AbortController();
  const server = Deno.serve({
    hostname: host,
    port,
    signal: cut.signal,
    onListen: () => {},
  }, app.fetch);
  const stop = () => {
    const timer = setTimeout(() => cut.abort(), GRACE_MS);
    server.shutdown().finally(() => clearTimeout(timer));
  };
  signal.addEventListener("abort", stop, { once: true });
  if (signal.aborted) stop();
  return server;
}
