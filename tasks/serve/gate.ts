// The door of the server: it counts connections, so that file descriptors never run out, says so to those that it turns
// away, and cuts those that do not get to the end of a request's head. Behind it the server listens on a socket in a folder
// that only its user can enter.
import { openFiles } from "./open_files.ts";

/** Bounds of a gate. */
export interface GateLimits {
  /** Connections at a time. */
  readonly connections: number;
  /** In milliseconds: how long the head of the first request may take. */
  readonly headMs: number;
}

/** A connection takes three descriptors: the client's, and both ends of the one to the server. */
const FILES_A_CONNECTION = 3;
/** Descriptors for all else: the cache, adapters, the page's files. */
const FILES_FOR_OTHERS = 64;
/** Connections that are being told that they are too many; more are closed without a word. */
const MAX_FAREWELLS = 16;
const FAREWELL_MS = 1000;
/** After an error of accepting, such as too many open files. */
const PAUSE_MS = 100;

/** Bounds that fit the descriptors which this process may have. */
export async function defaultGateLimits(): Promise<GateLimits> {
  const { limit, used } = await openFiles();
  const room = Math.floor((limit - used - FILES_FOR_OTHERS) / FILES_A_CONNECTION);
  return { connections: Math.min(Math.max(room, 4), 1000), headMs: 20_000 };
}

/** Lets connections of a listener through to a socket, until it is closed. */
export class Gate {
  readonly #listener: Deno.Listener;
  readonly #socket: string;
  readonly #limits: GateLimits;
  readonly #report: (error: unknown) => void;
  readonly #open = new Set<Promise<void>>();
  #farewells = 0;
  #closed = false;
  /** Settles when it is closed and every connection has ended. */
  readonly finished: Promise<void>;

  /** @param socket path of the socket that the server listens on */
  constructor(listener: Deno.Listener, socket: string, limits: GateLimits, report: (error: unknown) => void) {
    this.#listener = listener;
    this.#socket = socket;
    this.#limits = limits;
    this.#report = report;
    this.finished = this.#accept();
  }

  /** Accepts no more. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#listener.close();
  }

  async #accept(): Promise<void> {
    let failing = false;
    while (!this.#closed) {
      try {
        this.#receive(await this.#listener.accept());
        failing = false;
      } catch (error) {
        if (this.#closed) break;
        if (!failing) this.#report(error); // once, not ten times a second
        failing = true;
        await sleep(PAUSE_MS);
      }
    }
    await Promise.all(this.#open);
  }

  #receive(client: Deno.Conn): void {
    const isFull = this.#open.size >= this.#limits.connections;
    if (isFull && this.#farewells >= MAX_FAREWELLS) return closeQuietly(client);
    const served = isFull ? this.#refuse(client) : this.#serve(client);
    if (isFull) return;
    this.#open.add(served);
    served.finally(() => this.#open.delete(served));
  }

  /** Carries bytes both ways until either side has ended. */
  async #serve(client: Deno.Conn): Promise<void> {
    const head = { end: new HeadEnd(), late: undefined as ReturnType<typeof setTimeout> | undefined };
    let server: Deno.Conn | undefined;
    try {
      server = await Deno.connect({ transport: "unix", path: this.#socket });
      head.late = setTimeout(() => closeQuietly(client), this.#limits.headMs);
      const up = carry(client, server, (bytes) => {
        if (head.late === undefined || !head.end.isIn(bytes)) return;
        clearTimeout(head.late);
        head.late = undefined;
      });
      // What is left of the answer is still carried when the client has said all that it will.
      up.then(() => server?.closeWrite(), () => server && closeQuietly(server)).catch(() => {});
      await carry(server, client);
    } catch (error) {
      if (server === undefined) {
        this.#report(error);
        return await this.#refuse(client);
      }
      // Either side went away in the middle, which is its right.
    } finally {
      clearTimeout(head.late);
      closeQuietly(client);
      if (server !== undefined) closeQuietly(server);
    }
  }

  /** Tells a client that there are too many, in a form that every client understands. */
  async #refuse(client: Deno.Conn): Promise<void> {
    this.#farewells++;
    const timer = setTimeout(() => closeQuietly(client), FAREWELL_MS);
    try {
      await writeAll(client, REFUSAL);
      await client.closeWrite();
      // A connection that is closed with unread bytes loses what was written to it.
      const rest = new Uint8Array(4096);
      while (await client.read(rest) !== null);
    } catch {
      /* it did not wait for it */
    } finally {
      clearTimeout(timer);
      closeQuietly(client);
      this.#farewells--;
    }
  }
}

const REFUSAL = (() => {
  const message = "the server has as many connections as it can hold; try again";
  const body = JSON.stringify({ error: { message, type: "server_error", param: null, code: "too_many_connections" } });
  return new TextEncoder().encode(
    "HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\nretry-after: 5\r\nconnection: close\r\n" +
      `content-length: ${body.length}\r\n\r\n${body}`,
  );
})();

/** Finds the empty line that ends the head of a request, in pieces as they come. */
class HeadEnd {
  #last = "";

  isIn(bytes: Uint8Array): boolean {
    const text = this.#last + new TextDecoder("latin1").decode(bytes);
    this.#last = text.slice(-3);
    return /\n\r?\n/.test(text);
  }
}

async function carry(from: Deno.Conn, to: Deno.Conn, see?: (bytes: Uint8Array) => void): Promise<void> {
  const buffer = new Uint8Array(32 << 10);
  for (let read = await from.read(buffer); read !== null; read = await from.read(buffer)) {
    see?.(buffer.subarray(0, read));
    await writeAll(to, buffer.subarray(0, read));
  }
}

async function writeAll(to: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await to.write(bytes.subarray(at));
}

function closeQuietly(connection: Deno.Conn): void {
  try {
    connection.close();
  } catch { /* it is closed */ }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
