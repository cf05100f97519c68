// File descriptors are bounded. Places that take one for each client, or for each of many things:
//   tasks/serve/gate.ts          connections (here)
//   tasks/serve/admission.ts     requests in hand (limits_test.ts)
//   tasks/serve/history/         follows runs by files that are opened, read and closed
//   pipeline/core/store/leases.ts, lock.ts  one for a run and one for each key in hand
//   models/formats/weights.ts    one for each file of a model's weights
import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "@std/path";
import { Hono } from "hono";
import { listen } from "../../../tasks/serve/listen.ts";
import { repository } from "../children.ts";
import { until } from "./testing.ts";

const half = new TextEncoder().encode("GET /hel");
const whole = new TextEncoder().encode("GET /hello HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");

/** Runs the small server with so many descriptors while a test is done. */
async function withServer(files: number, use: (port: number, output: () => string) => Promise<void>): Promise<void> {
  const script = join(repository, "tests/tasks/serve/children/small_server.ts");
  const child = new Deno.Command("sh", {
    args: ["-c", `ulimit -n ${files}; exec "$0" run -A --no-check "$1"`, Deno.execPath(), script],
    cwd: repository,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  let output = "";
  const reading = (async () => {
    for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) output += text;
  })();
  const errors = new Response(child.stderr).text();
  try {
    await until(() => output.includes("\n"), "the server listens");
    await use(Number(output.split("\n")[0]), () => output);
  } finally {
    await child.stdin.close();
    const { code } = await child.status;
    await reading;
    assertEquals(code, 0, await errors);
  }
}

async function answerTo(port: number, bytes: Uint8Array): Promise<string> {
  using connection = await Deno.connect({ hostname: "127.0.0.1", port });
  await connection.write(bytes);
  return await new Response(connection.readable).text();
}

Deno.test({
  name: "a server outlives more half requests than it has descriptors: it tells those that are too many, and goes on",
  ignore: Deno.build.os === "windows",
  fn: () =>
    withServer(256, async (port) => {
      assertMatch(await answerTo(port, whole), /^HTTP\/1\.1 200 [^]*hello$/);
      const held: Deno.Conn[] = [];
      for (let i = 0; i < 300; i++) {
        const connection = await Deno.connect({ hostname: "127.0.0.1", port }).catch(() => undefined);
        if (connection === undefined) continue;
        held.push(connection);
        await connection.write(half).catch(() => {});
      }
      const refusal = await answerTo(port, whole).catch(() => "");
      assert(refusal === "" || refusal.startsWith("HTTP/1.1 503 "), refusal);
      const told = await Promise.all(
        held.map(async (connection) => {
          const bytes = new Uint8Array(2000);
          // Those that were let in have no answer yet.
          const read = await Promise.race([
            connection.read(bytes).catch(() => null),
            new Promise((r) => setTimeout(r, 300)),
          ]);
          return typeof read === "number" ? new TextDecoder().decode(bytes.subarray(0, read)) : "";
        }),
      );
      assert(told.some((text) => text.includes("503 Service Unavailable") && text.includes("too_many_connections")));
      for (const connection of held) connection.close();
      // It takes a moment until the server has seen that they are gone.
      let after = "";
      for (let i = 0; i < 100 && !after.startsWith("HTTP/1.1 200"); i++) {
        await new Promise((resolve) => setTimeout(resolve, 50));
        after = await answerTo(port, whole).catch(() => "");
      }
      assertMatch(after, /hello$/);
    }),
});

Deno.test({
  name: "a client that goes away is noticed through the gate",
  ignore: Deno.build.os === "windows",
  fn: () =>
    withServer(256, async (port, output) => {
      const connection = await Deno.connect({ hostname: "127.0.0.1", port });
      await connection.write(new TextEncoder().encode("GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n"));
      await new Promise((resolve) => setTimeout(resolve, 50));
      connection.close();
      await until(() => output().includes("left"), "the server has noticed");
    }),
});

/** How long the head of a request may take in this test, and an answer at least: longer than that. */
const [headMs, answerMs] = [200, 400];

/** What a connection gives until it is closed from the other side; fails when that takes too long. */
async function untilClosed(connection: Deno.Conn): Promise<string> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error("it is not let go")), 15 * headMs);
  });
  const text = new Response(connection.readable).text().catch(() => "cut");
  return await Promise.race([text, late]).finally(() => clearTimeout(timer));
}

Deno.test({
  name: "a client that is slow to send its head is let go; one that waits for a slow answer is not",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    const stop = new AbortController();
    const faults: unknown[] = [];
    const app = new Hono().get("/hello", async (c) => {
      await new Promise((resolve) => setTimeout(resolve, answerMs));
      return c.text("hello");
    });
    const place = { host: "127.0.0.1", port: 0 };
    const server = await listen(app, place, stop.signal, (error) => faults.push(error), { connections: 8, headMs });
    const { port } = server.addr;
    const connect = () => Deno.connect({ hostname: "127.0.0.1", port });
    const silent = await connect();
    const halfway = await connect();
    await halfway.write(half);
    const dribbling = await connect();
    let at = 0;
    const dribble = setInterval(() => dribbling.write(whole.subarray(at, ++at)).catch(() => {}), headMs / 8);
    try {
      assertMatch(await answerTo(port, whole), /^HTTP\/1\.1 200 [^]*hello$/);
      for (const connection of [silent, halfway, dribbling]) {
        assert(!(await untilClosed(connection)).includes("200"), "it gets no answer");
      }
    } finally {
      clearInterval(dribble);
      for (const connection of [silent, halfway, dribbling]) {
        try {
          connection.close();
        } catch { /* reading to its end has closed it */ }
      }
      stop.abort();
      await server.finished;
    }
    assertEquals(faults, []);
  },
});
