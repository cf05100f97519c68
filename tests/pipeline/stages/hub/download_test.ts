// A server that misbehaves: whatever it does, a file is there in the end that is right, or none.
import { assert, assertEquals, assertRejects } from "@std/assert";
import { createHash } from "node:crypto";
import { join } from "@std/path";
import { PipelineError } from "../../../../pipeline/core/mod.ts";
import { type Download, downloadFile, type DownloadOptions } from "../../../../pipeline/stages/hub/download.ts";
import { retryAfter } from "../../../../pipeline/stages/retry_after.ts";
import { inFolder } from "../../../models/temp_folder.ts";

const content = Uint8Array.from({ length: 100_000 }, (_, i) => (i * 7919) >> 3);
const sha256 = createHash("sha256").update(content).digest("hex");

/** Bytes, then a connection that breaks before the promised length. */
function broken(bytes: Uint8Array): ReadableStream<Uint8Array> {
  return new ReadableStream({
    async start(controller) {
      controller.enqueue(bytes);
      await new Promise((done) => setTimeout(done, 50));
      controller.error(new Error("dropped"));
    },
  });
}

const rangeOf = (request: Request) => Number(/^bytes=(\d+)-$/.exec(request.headers.get("range") ?? "")?.[1] ?? 0);

/** What a well-behaved server answers. */
function good(request: Request, etag = '"a"', bytes: Uint8Array<ArrayBuffer> = content): Response {
  const from = rangeOf(request);
  const changed = request.headers.has("if-range") && request.headers.get("if-range") !== etag;
  const headers: Record<string, string> = { etag };
  if (from === 0 || changed) return new Response(bytes, { headers });
  headers["content-range"] = `bytes ${from}-${bytes.length - 1}/${bytes.length}`;
  return new Response(bytes.subarray(from), { status: 206, headers });
}

type Answer = (request: Request, count: number) => Response;

interface Tried {
  readonly requests: Request[];
  readonly left: string[];
  readonly file: Uint8Array | undefined;
  readonly bytes: number;
  readonly error: unknown;
}

/** Downloads from a server that answers so. */
async function attempt(answer: Answer, change: Partial<Download & DownloadOptions> = {}, part?: Uint8Array) {
  const requests: Request[] = [];
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {}, onError: () => new Response(null) },
    (request) => {
      requests.push(request);
      return answer(request, requests.length);
    },
  );
  try {
    return await inFolder(async (directory): Promise<Tried> => {
      const target = join(directory, "model.bin");
      if (part) await Deno.writeFile(`${target}.part`, part);
      let bytes = part?.length ?? 0;
      const download = {
        url: `http://127.0.0.1:${server.addr.port}/model.bin`,
        size: content.length,
        digest: { algorithm: "sha256", value: sha256 } as const,
        target,
      };
      const error = await downloadFile({ ...download, ...change }, {
        signal: new AbortController().signal,
        attempts: 3,
        delayMs: 1,
        onBytes: (more) => bytes += more,
        ...change,
      }).then(() => undefined, (error) => error);
      const left = [...Deno.readDirSync(directory)].map(({ name }) => name);
      const file = await Deno.readFile(target).catch(() => undefined);
      return { requests, left, file, bytes, error };
    });
  } finally {
    await server.shutdown();
  }
}

function assertWhole({ error, left, file, bytes }: Tried): void {
  assertEquals(error, undefined);
  assertEquals(left, ["model.bin"]);
  assert(file !== undefined && file.every((byte, i) => byte === content[i]) && file.length === content.length);
  assertEquals(bytes, content.length, "bytes counted");
}

const header = (length: number, etag = '"a"') => ({ "content-length": String(length), etag });

Deno.test("a download that is dropped half-way goes on where it stopped", async () => {
  const tried = await attempt((request, count) =>
    count === 1 ? new Response(broken(content.subarray(0, 40_000)), { headers: header(content.length) }) : good(request)
  );
  assertWhole(tried);
  assert(tried.requests.slice(1).every((request) => rangeOf(request) > 0), "it began anew");
});

Deno.test("a part of an earlier run is continued", async () => {
  const tried = await attempt((request) => good(request), {}, content.slice(0, 70_000));
  assertWhole(tried);
  assertEquals(tried.requests.map(rangeOf), [70_000]);
});

Deno.test("a server that ignores the range sends the whole again", async () => {
  assertWhole(await attempt(() => new Response(content), {}, content.slice(0, 70_000)));
});

Deno.test("a file whose ETag changes between two tries is fetched from its beginning", async () => {
  const old = content.slice(0, 40_000).fill(1);
  const tried = await attempt((request, count) =>
    count === 1 ? new Response(broken(old), { headers: header(content.length, '"old"') }) : good(request, '"new"')
  );
  assertWhole(tried);
});

Deno.test("a server that continues another file than it began is found out", async () => {
  const old = content.slice(0, 40_000).fill(1);
  const tried = await attempt((request, count) => {
    if (count === 1) return new Response(broken(old), { headers: header(content.length, '"old"') });
    const careless = new Request(request.url, { headers: { range: request.headers.get("range") ?? "" } });
    return good(careless, '"new"');
  });
  assertWhole(tried);
});

Deno.test("a wrong length, longer or shorter, gives no file", async () => {
  for (const bytes of [content.slice(0, 99_999), Uint8Array.of(...content, 0)]) {
    const { error, left } = await attempt((request) => good(request, '"a"', bytes));
    assert(error instanceof PipelineError && error.message.includes(`offers ${bytes.length} bytes; wanted 100000`));
    assertEquals(left, []);
  }
  const stream = () => new Response(broken(Uint8Array.of(...content, 0)));
  const { error, left } = await attempt(stream);
  assert(error instanceof PipelineError && error.message.includes("more than 100000 bytes"), String(error));
  assertEquals(left, []);
});

Deno.test("wrong bytes of the right length give no file; once right, they are taken", async () => {
  const wrong = content.slice();
  wrong[50_000]! ^= 1;
  const never = await attempt((request) => good(request, '"a"', wrong));
  assert(never.error instanceof PipelineError && never.error.message.includes(`wanted sha256 ${sha256}, found`));
  assertEquals([never.left, never.requests.length], [[], 3]);
  assertWhole(await attempt((request, count) => good(request, '"a"', count === 1 ? wrong : content)));
});

Deno.test("a web page instead of the file gives no file", async () => {
  const page = new TextEncoder().encode("<html>please log in</html>");
  const { error, left } = await attempt(() =>
    new Response(page, { headers: { "content-type": "text/html; charset=utf-8" } })
  );
  assert(error instanceof PipelineError && error.message.includes("a web page instead of the file"));
  assertEquals(left, []);
});

Deno.test("a full disk ends the download at once and leaves nothing", async () => {
  let written = 0;
  const { error, left, requests } = await attempt((request) => good(request), {
    write: (file, bytes) => {
      if (written > 20_000) {
        return Promise.reject(Object.assign(new Error("No space left (os error 28)"), { code: "ENOSPC" }));
      }
      written += bytes.length;
      return file.write(bytes);
    },
  });
  assert(error instanceof Error && error.message.includes("No space left"), String(error));
  assertEquals([left, requests.length], [[], 1]);
});

Deno.test("a server that is busy is asked again; one that refuses access is not", async () => {
  assertWhole(await attempt((request, count) => count < 3 ? new Response("busy", { status: 503 }) : good(request)));
  const refused = await attempt(() => new Response("no", { status: 403 }));
  assert(refused.error instanceof PipelineError && refused.error.message.includes("access was refused (403)"));
  assertEquals(refused.requests.length, 1);
});

Deno.test("a small file is checked by git's digest of a blob, and an empty file is one", async () => {
  const blob = (bytes: Uint8Array) => createHash("sha1").update(`blob ${bytes.length}\0`).update(bytes).digest("hex");
  assertWhole(await attempt((request) => good(request), { digest: { algorithm: "git-sha1", value: blob(content) } }));
  const empty = new Uint8Array();
  const digest = { algorithm: "git-sha1", value: blob(empty) } as const;
  const { file, error } = await attempt(() => new Response(empty), { size: 0, digest });
  assertEquals([file, error], [empty, undefined]);
});

Deno.test("a stopped run stops the download", async () => {
  const controller = new AbortController();
  controller.abort(new DOMException("stopped", "AbortError"));
  const { error } = await attempt((request) => good(request), { signal: controller.signal });
  await assertRejects(() => Promise.reject(error), DOMException, "stopped");
});

Deno.test("a server that says when to come back is asked then, not sooner", async () => {
  let refused = 0, between = 0;
  const tried = await attempt((request, count) => {
    if (count === 1) {
      refused = performance.now();
      return new Response("slow down", { status: 429, headers: { "retry-after": "1" } });
    }
    between ||= performance.now() - refused;
    return good(request);
  });
  assertWhole(tried);
  assert(between >= 990, `asked again after ${between} ms`);
  const { error, requests } = await attempt(() =>
    new Response("tomorrow", { status: 503, headers: { "retry-after": "86400" } })
  );
  assert(error instanceof PipelineError && error.message.includes("asks to come back in 1440 minutes"), String(error));
  assertEquals(requests.length, 1);
});

Deno.test("retryAfter() reads seconds and dates, and nothing else", () => {
  const now = Date.parse("2026-01-02T03:04:05Z");
  const of = (text: string) => retryAfter(new Headers({ "retry-after": text }), now);
  assertEquals([of("7"), of("Fri, 02 Jan 2026 03:04:15 GMT"), of("Fri, 02 Jan 2026 03:00:00 GMT")], [7000, 10_000, 0]);
  assertEquals([of("soon"), of(""), retryAfter(new Headers(), now)], [undefined, undefined, undefined]);
});
