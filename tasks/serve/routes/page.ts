// The files of the page. Only what was found in its folder when the server started can be asked for.
import { extname, join } from "@std/path";
import { Hono } from "hono";

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

/** Serves the files of a folder by their names in it; `/` is index.html. Other kinds of files are not served. */
export async function pageRoutes(folder: string): Promise<Hono> {
  const files = new Map<string, { readonly path: string; readonly type: string }>();
  for (const name of await filesBelow(folder)) {
    const type = TYPES[extname(name)];
    if (type !== undefined) files.set(`/${name}`, { path: join(folder, name), type });
  }
  const index = files.get("/index.html");
  if (index !== undefined) files.set("/", index);
  const routes = new Hono();
  for (const [name, { path, type }] of files) {
    routes.get(name, async (c) => {
      const bytes = await Deno.readFile(path);
      const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
      const tag = `"${digest.toHex().slice(0, 32)}"`;
      const headers = { "Content-Type": type, "Cache-Control": "no-cache", "ETag": tag };
      const known = c.req.header("if-none-match")?.split(/\s*,\s*/).includes(tag);
      return known ? new Response(null, { status: 304, headers }) : new Response(bytes, { headers });
    });
  }
  return routes;
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
