// Where a shared cache keeps bytes by path: a folder, or anything that speaks HTTP GET and PUT.
import { join } from "@std/path";
import type { Deadline } from "./deadline.ts";
import { copyFileAtomically, isAbsent } from "../files.ts";

/** A place for bytes by path. Whatever takes too long is ended by the deadline. */
export interface SharedPlace {
  /** The content; undefined if there is none. */
  read(path: string, deadline: Deadline): Promise<ReadableStream<Uint8Array> | undefined>;
  /** Puts a file there. */
  write(path: string, from: string, deadline: Deadline): Promise<void>;
}

/** A folder, perhaps of another machine. */
export class FolderPlace implements SharedPlace {
  constructor(readonly dir: string) {}

  async read(path: string, deadline: Deadline): Promise<ReadableStream<Uint8Array> | undefined> {
    const full = join(this.dir, path);
    try {
      // A pipe would be waited for when it is opened, and a device never ends.
      const { isFile } = await deadline.race(Deno.stat(full));
      if (!isFile) throw new Error(`${path} is no plain file`);
      return (await deadline.race(Deno.open(full))).readable;
    } catch (error) {
      if (isAbsent(error)) return undefined;
      throw error;
    }
  }

  async write(path: string, from: string, deadline: Deadline): Promise<void> {
    await deadline.race(copyFileAtomically(from, join(this.dir, path), undefined, (bytes) => deadline.progress(bytes)));
  }
}

/** A server. */
export class HttpPlace implements SharedPlace {
  constructor(readonly base: string) {}

  async read(path: string, { signal }: Deadline): Promise<ReadableStream<Uint8Array> | undefined> {
    const response = await fetch(this.#url(path), { signal });
    if (response.ok && response.body !== null) return response.body;
    await response.body?.cancel();
    if (response.status === 404 || response.status === 410) return undefined;
    throw new Error(`GET ${path} answered ${response.status}`);
  }

  async write(path: string, from: string, deadline: Deadline): Promise<void> {
    const file = await Deno.open(from);
    const { size } = await file.stat();
    const headers = { "content-length": String(size), "content-type": "application/octet-stream" };
    const body = file.readable.pipeThrough(
      new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
        transform(chunk, controller) {
          deadline.progress(chunk.length);
          controller.enqueue(chunk);
        },
      }),
    );
    const { signal } = deadline;
    const response = await fetch(this.#url(path), { method: "PUT", body, headers, signal });
    await response.body?.cancel();
    if (!response.ok) throw new Error(`PUT ${path} answered ${response.status}`);
  }

  #url(path: string): string {
    return `${this.base}/${path.split("/").map(encodeURIComponent).join("/")}`;
  }
}
