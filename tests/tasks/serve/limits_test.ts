// What the server refuses or ends, by its routes: body.ts, admission.ts, linked_signal.ts.
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { eventsIn, post, rawRequest, refusal, until, withServer } from "./testing.ts";

const ask = (more: Record<string, unknown> = {}) => ({ model: "tiny", prompt: "a", max_tokens: 200, ...more });

Deno.test("a body that is too large is refused, whether its length is told or not", () =>
  withServer({ limits: { bodyBytes: 1000 } }, async ({ url, generator, inside }) => {
    const body = { model: "tiny", prompt: "x".repeat(2000) };
    assertEquals((await refusal(await post(`${url}/v1/completions`, body))).status, 413);
    // As a stream the body has no Content-Length.
    const chunked = await fetch(`${url}/api/generate`, {
      method: "POST",
      body: new Blob([JSON.stringify({ raw: "x".repeat(2000) })]).stream(),
    });
    assertEquals((await refusal(chunked)).status, 413);
    assertEquals([generator.requests.length, inside()], [0, 0]);
  }));

Deno.test("a body that does not arrive in time is refused", () =>
  withServer({ limits: { bodyMs: 50 } }, async ({ port, generator }) => {
    const answer = await rawRequest(
      port,
      "POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 100\r\n\r\n{",
      (answer) => answer.includes("the body took longer"),
    );
    assertStringIncludes(answer, "HTTP/1.1 408 ");
    assertEquals(generator.requests.length, 0);
  }));

Deno.test("a body that is not UTF-8, not JSON, or of unknown or wrong fields is refused with the field's name", () =>
  withServer({}, async ({ url, faults }) => {
    const send = async (body: BodyInit) =>
      await refusal(await fetch(`${url}/v1/completions`, { method: "POST", body }));
    assertEquals((await send(new Uint8Array([0x22, 0xff, 0x22]))).message, "the body must be whole, in UTF-8");
    assertStringIncludes((await send("{")).message, "the body must be JSON");
    assertEquals((await send("")).status, 400);
    assertEquals(await send(JSON.stringify(ask({ colour: 1 }))), {
      status: 400,
      message: "unknown parameter: colour",
      code: "unknown_parameter",
    });
    assertStringIncludes((await send(JSON.stringify(ask({ top_p: 2 })))).message, "top_p: ");
    assertEquals(faults, []);
  }));

for (const stream of [true, false]) {
  Deno.test(`a client that goes away ends its answer and frees its place (${stream ? "streaming" : "waiting"})`, () =>
    withServer({ endless: true, tokenMs: 5 }, async ({ url, generator, inside, faults }) => {
      const leaving = new AbortController();
      const response = post(`${url}/v1/completions`, ask({ stream }), { signal: leaving.signal });
      response.catch(() => {});
      if (stream) await (await response).body?.getReader().read();
      await until(() => generator.tokens > 0, "the answer began");
      assertEquals(inside(), 1);
      leaving.abort();
      await until(() => generator.active === 0, "the generator ended");
      await until(() => inside() === 0, "the place was given back");
      assert(generator.tokens < 200, "the answer was made to its end");
      assertEquals(faults, []);
    }));
}

Deno.test("clients that vanish just before a token is sent free their places", () =>
  withServer({ endless: true, tokenMs: 5, limits: { requests: 16 } }, async ({ port, generator, inside, faults }) => {
    const body = JSON.stringify(ask({ stream: true }));
    const text = `POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
    for (let round = 0; round < 10; round++) {
      const connections = await Promise.all(
        Array.from({ length: 16 }, () => Deno.connect({ hostname: "127.0.0.1", port })),
      );
      await Promise.all(connections.map(async (connection) => {
        await connection.write(new TextEncoder().encode(text));
        await connection.read(new Uint8Array(100));
      }));
      for (const connection of connections) connection.close();
      // The next tokens fall due before the server can look at its connections: sending is what finds them closed.
      for (const begun = performance.now(); performance.now() - begun < 10;);
      await until(() => generator.active === 0 && inside() === 0, "the places were given back");
    }
    assertEquals(faults, []);
  }));

Deno.test("a place is free only when the generator has ended too, however long its last token takes", () =>
  withServer({ endless: true, tokenMs: 150 }, async ({ url, generator, inside }) => {
    const leaving = new AbortController();
    post(`${url}/v1/completions`, ask(), { signal: leaving.signal }).catch(() => {});
    await until(() => generator.tokens > 0, "the answer began");
    leaving.abort();
    await until(() => {
      assert(inside() === 1 || generator.active === 0, "the place was given away while the generator ran");
      return inside() === 0;
    }, "the place was given back");
  }));

Deno.test("a client that does not read ends its answer and frees its place", () =>
  withServer(
    { endless: true, text: "x".repeat(4000), limits: { stallMs: 100 } },
    async ({ port, generator, inside, faults }) => {
      const body = JSON.stringify({ model: "tiny", prompt: "a", stream: true, max_tokens: 1_000_000 });
      using connection = await Deno.connect({ hostname: "127.0.0.1", port });
      const head = `POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${body.length}\r\n\r\n`;
      await connection.write(new TextEncoder().encode(head + body));
      await until(() => generator.tokens > 1000, "the answer was under way");
      await until(() => generator.active === 0 && inside() === 0, "the answer ended");
      assert(generator.tokens < 1_000_000);
      assertEquals(faults, []);
    },
  ));

Deno.test("requests beyond the places are refused with Retry-After, and let in when one is free", () =>
  withServer({ endless: true, tokenMs: 5, limits: { requests: 2 } }, async ({ url, inside }) => {
    const leaving = new AbortController();
    const open = () => post(`${url}/v1/completions`, ask({ stream: true }), { signal: leaving.signal });
    const running = [await open(), await open()];
    for (const path of ["/v1/completions", "/v1/chat/completions", "/api/generate"]) {
      const body = path === "/api/generate"
        ? { raw: "a" }
        : path === "/v1/completions"
        ? ask()
        : { model: "tiny", messages: [{ role: "user", content: "a" }] };
      const full = await post(`${url}${path}`, body);
      assert(Number(full.headers.get("retry-after")) >= 1);
      assertEquals(await refusal(full), {
        status: 429,
        message: "2 requests run or wait already; try again later",
        code: "queue_full",
      });
    }
    const readers = running.map((each) => each.text().catch(() => {}));
    leaving.abort();
    await Promise.all(readers);
    await until(() => inside() === 0, "the places were given back");
    assertEquals(
      (await (await post(`${url}/v1/completions`, ask({ max_tokens: 2 }))).json()).usage.completion_tokens,
      2,
    );
  }));

Deno.test("an answer that fails ends its stream with an error, tells nothing of the inside, and frees its place", () =>
  withServer({ failsAfter: 1 }, async ({ url, inside, faults }) => {
    const events = await eventsIn(await post(`${url}/api/generate`, { raw: "a" }));
    assertEquals(events.map(({ type }) => type), ["start", "text", "error"]);
    assertEquals(events[2]?.["message"], "the server failed; its own output says why");
    const streamed = await (await post(`${url}/v1/completions`, ask({ stream: true }))).text();
    assertStringIncludes(streamed, '"type":"server_error"');
    assert(!streamed.includes("on fire") && !streamed.includes("[DONE]"));
    assertEquals((await refusal(await post(`${url}/v1/completions`, ask({ n: 2 })))).status, 500);
    await until(() => inside() === 0, "the places were given back");
    assertEquals(faults.length, 3);
    assertStringIncludes(String(faults[0]), "on fire");
  }));

Deno.test("a server that stops ends its streams and refuses what waits", () =>
  withServer({ endless: true, tokenMs: 5 }, async ({ url, inside, stop, generator }) => {
    const streams = [post(`${url}/v1/completions`, ask({ stream: true })), post(`${url}/api/generate`, { raw: "a" })];
    const waiting = post(`${url}/v1/completions`, ask());
    await until(() => generator.active === 3, "three answers are under way");
    stop();
    for (const response of await Promise.all(streams)) {
      assertStringIncludes(await response.text(), "the server is stopping");
    }
    assertEquals((await refusal(await waiting)).status, 503);
    await until(() => inside() === 0, "the places were given back");
  }));

Deno.test("while nothing comes, comments say that the server is alive", () =>
  withServer({ tokenMs: 100, limits: { keepAliveMs: 10 } }, async ({ url }) => {
    const text = await (await post(`${url}/v1/completions`, ask({ stream: true, max_tokens: 1 }))).text();
    assert(text.startsWith(": waiting\n\n"), text);
  }));
