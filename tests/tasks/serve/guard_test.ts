import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { join } from "@std/path";
import { hostNames, isLoopback } from "../../../tasks/serve/listen.ts";
import { readServeOptions } from "../../../tasks/serve/options.ts";
import { UsageError } from "../../../tasks/cli/usage_error.ts";
import { post, rawRequest, refusal, withServer } from "./testing.ts";

Deno.test("the server refuses a Host header that is not one of its names, on every route", () =>
  withServer({}, async ({ url, port }) => {
    for (const path of ["/", "/api/state", "/v1/models", "/nowhere"]) {
      const answer = await rawRequest(
        port,
        `GET ${path} HTTP/1.1\r\nHost: attacker.example:${port}\r\nConnection: close\r\n\r\n`,
      );
      assertStringIncludes(answer, "HTTP/1.1 421 ");
    }
    assertEquals((await fetch(`${url}/api/state`)).status, 200);
    assertEquals((await (await fetch(`http://localhost:${port}/v1/models`)).json()).object, "list");
  }));

Deno.test("pages of other origins may neither ask nor be told, unless their origin is allowed", () =>
  withServer({ access: { allowOrigins: ["https://friend.example"] } }, async ({ url, generator }) => {
    const from = (origin: string, path: string, init: RequestInit = {}) =>
      fetch(`${url}${path}`, { ...init, headers: { origin, ...init.headers } });
    const evil = await from("https://attacker.example", "/v1/completions", {
      method: "POST",
      headers: { "content-type": "text/plain" }, // what a page can send without asking first
      body: JSON.stringify({ model: "tiny", prompt: "a" }),
    });
    assertEquals(evil.headers.get("access-control-allow-origin"), null);
    assertEquals(await refusal(evil), {
      status: 403,
      message: "pages of https://attacker.example may not call; --allow-origin allows it",
      code: "origin_not_allowed",
    });
    assertEquals(generator.requests.length, 0);
    assertEquals((await refusal(await from("null", "/api/state"))).status, 403);

    const asked = await from("https://friend.example", "/v1/chat/completions", {
      method: "OPTIONS",
      headers: { "access-control-request-method": "POST", "access-control-request-headers": "authorization,x-a" },
    });
    assertEquals([asked.status, await asked.text()], [204, ""]);
    assertEquals(asked.headers.get("access-control-allow-headers"), "authorization,x-a");
    const told = await from("https://friend.example", "/api/state");
    assertEquals([told.status, (await told.json()).model], [200, "tiny"]);
    assertEquals(told.headers.get("access-control-allow-origin"), "https://friend.example");
    assertEquals((await (await from(url, "/api/state")).json()).model, "tiny");
  }));

Deno.test("with a key, the APIs want it and the page's files do not", () =>
  withServer({ access: { apiKey: "sesame" } }, async ({ url, generator }) => {
    const calls = ["/api/state", "/v1/models", "/v1/models/tiny"];
    const posts = ["/api/generate", "/api/prompt", "/v1/completions", "/v1/chat/completions"];
    for (const authorization of ["", "Bearer sesam", "Bearer sesame2", "Bearer SESAME", "Basic sesame", "sesame"]) {
      const headers = authorization === "" ? {} : { authorization };
      for (const path of calls) assertEquals((await refusal(await fetch(url + path, { headers }))).status, 401, path);
      for (const path of posts) {
        assertEquals((await refusal(await post(url + path, {}, { headers }))).status, 401, path);
      }
    }
    assertEquals(generator.requests.length, 0);
    const headers = { authorization: "Bearer sesame" };
    assertEquals((await (await fetch(`${url}/v1/models`, { headers })).json()).data[0].id, "tiny");
    const page = await fetch(`${url}/`);
    assertEquals(page.status, 200);
    await page.body?.cancel();
  }));

Deno.test("only files of the page's folder are served, however the path is written", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const page = join(folder, "page");
    await Deno.mkdir(join(page, "lib"), { recursive: true });
    await Deno.writeTextFile(join(folder, "secret.json"), "secret");
    await Deno.writeTextFile(join(page, "index.html"), "<p>hello");
    await Deno.writeTextFile(join(page, "lib/a.js"), "export {}");
    await Deno.writeTextFile(join(page, ".hidden.js"), "secret");
    await Deno.writeTextFile(join(page, "notes.txt"), "secret");
    await Deno.symlink(join(folder, "secret.json"), join(page, "link.json"));
    await withServer({ page }, async ({ url, port }) => {
      const script = await fetch(`${url}/lib/a.js`);
      assertEquals([script.headers.get("content-type"), await script.text()], [
        "text/javascript; charset=utf-8",
        "export {}",
      ]);
      const again = await fetch(`${url}/lib/a.js`, { headers: { "if-none-match": script.headers.get("etag") ?? "" } });
      assertEquals([again.status, await again.text()], [304, ""]);
      const paths = ["/../secret.json", "/lib/../../secret.json", "/%2e%2e/secret.json", "/..%2fsecret.json"];
      paths.push("/..%5csecret.json", "//secret.json", "/link.json", "/.hidden.js", "/notes.txt", "/lib", "/lib/");
      paths.push("/lib/a.js%00.html", "/%c0%ae%c0%ae/secret.json", encodeURI(`/${folder}/secret.json`));
      for (const path of paths) {
        const answer = await rawRequest(port, `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
        assertStringIncludes(answer, "HTTP/1.1 404 ", path);
        assert(!answer.includes("secret\n") && !answer.endsWith("secret"), path);
      }
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("responses forbid inline scripts, foreign sources, frames and guessing of types", () =>
  withServer({}, async ({ url }) => {
    for (const path of ["/", "/api/state", "/nowhere"]) {
      const response = await fetch(url + path);
      await response.body?.cancel();
      const policy = response.headers.get("content-security-policy") ?? "";
      assertStringIncludes(policy, "default-src 'none'; script-src 'self';");
      assertStringIncludes(policy, "frame-ancestors 'none'");
      assert(!policy.includes("unsafe") && !policy.includes("http"), policy);
      assertEquals(response.headers.get("x-content-type-options"), "nosniff");
    }
  }));

Deno.test("isLoopback() knows this machine's own addresses; hostNames() trusts names only there", () => {
  for (const host of ["127.0.0.1", "127.9.9.9", "localhost", "::1"]) assert(isLoopback(host), host);
  for (const host of ["0.0.0.0", "::", "192.168.1.2", "127.0.0.1.example", "xlocalhost"]) {
    assert(!isLoopback(host), host);
    assertEquals(hostNames(host), undefined);
  }
  assertEquals(hostNames("127.0.0.2"), ["127.0.0.1", "localhost", "[::1]", "127.0.0.2"]);
});

Deno.test("a name that --allow-host gives is one of the server's, others are refused and told of it", () => {
  const args = ["--allow-host", "Host.docker.internal", "--allow-host=box"];
  const options = readServeOptions(args, "en", () => undefined);
  const hosts = hostNames("127.0.0.1", options?.allowHost);
  return withServer({ access: { hosts } }, async ({ port }) => {
    const ask = (host: string) =>
      rawRequest(port, `GET /v1/models HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
    for (const host of [`host.docker.internal:${port}`, "HOST.docker.internal", "box:80", "localhost"]) {
      assertStringIncludes(await ask(host), "HTTP/1.1 200 ");
    }
    const answer = await ask("attacker.example");
    assertStringIncludes(answer, "HTTP/1.1 421 ");
    assertStringIncludes(answer, "start it with --allow-host NAME");
  });
});

Deno.test("--allow-host wants names alone", () => {
  for (const wrong of ["http://box", "box:8000", "a/b", ""]) {
    const read = () => readServeOptions(["--allow-host", wrong], "en", () => undefined);
    assertThrows(read, UsageError, "wanted a name without http:// and port");
  }
});
