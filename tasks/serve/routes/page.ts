// The files of the page. Only what was found in its folder when the server started can be asked for.
import { extname, join } from "@std/path";
import { type Context, Hono } from "hono";
import { pageScript } from "./page_script.ts";

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".json": "application/json",
  ".webmanifest": "application/manifest+json",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".woff2": "font/woff2",
};

/** Where the page looks for its script. */
const SCRIPT = "/app.js";

/**
 * Serves the files of a folder by their names in it; `/` is index.html, and `/app.js` the page's script. Other kinds of
 * files are not served.
 */
export async function pageRoutes(folder: string): Promise<Hono> {
  const files = new Map<string, string>();
  for (const name of await filesBelow(folder)) {
    if (extname(name) in TYPES) files.set(`/${name}`, join(folder, name));
  }
  const index = files.get("/index.html");
  if (index !== undefined) files.set("/", index);
  const routes = new Hono();
  for (const [name, path] of files) {
    const type = TYPES[extname(path)] ?? "";
    routes.get(name, async (c) => await unlessKnown(c, await Deno.readFile(path), type));
  }
  routes.get(SCRIPT, async (c) => await unlessKnown(c, await pageScript(), TYPES[".js"] ?? ""));
  return routes;
}

/** Bytes, or word that the client has them already. */
async function unlessKnown(c: Context, bytes: Uint8Array<ArrayBuffer>, type: string): Promise<Response> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  const tag = `"${digest.toHex().slice(0, 32)}"`;
  const headers = { "Content-Type": type, "Cache-Control": "no-cache", "ETag": tag };
  const known = c.req.header("if-none-match")?.split(/\s*,\s*/).includes(tag);
  return known ? new Response(null, { status: 304, headers }) : new Response(bytes, { headers });
}

/** Paths of the files below a folder, relative to it. Links and hidden files are passed over. */
async function filesBelow(folder: string, prefix = ""): Promise<string[]> {
  const found: string[] = [];
  for await (const { name, isFile, isDirectory } of Deno.readDir(join(folder, prefix))) {
    if (name.startsWith(".")) continue;
    if (isFile) found.push(prefix + name);
    else if (isDirectory) found.push(...await filesBelow(folder, `${prefix}${name}/`));
  }
  return found;
}
