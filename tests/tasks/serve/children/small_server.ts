// A server with one route, which says where it listens. It stops when its input ends.
import { Hono } from "hono";
import { listen } from "../../../../tasks/serve/listen.ts";

const stop = new AbortController();
const app = new Hono().get("/hello", (c) => c.text("hello")).get("/slow", async (c) => {
  await new Promise<void>((resolve) => c.req.raw.signal.addEventListener("abort", () => resolve()));
  console.log("left");
  return c.text("");
});
const report = (error: unknown) => console.error(error);
const server = await listen(app, { host: "127.0.0.1", port: 0 }, stop.signal, report);
console.log(server.addr.port);
for await (const _ of Deno.stdin.readable);
stop.abort();
await server.finished;
