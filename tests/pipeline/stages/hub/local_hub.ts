// A hub on this machine, which answers as huggingface.co does, or not quite.
import { createHash } from "node:crypto";

/** What the hub has, how it behaves, and what it was asked. */
export interface Hub {
  /** Files by path. */
  files: Record<string, Uint8Array<ArrayBuffer>>;
  commit: string;
  /** Refuses all, as for a gated model. */
  gated: boolean;
  /** Of each file the first answer breaks off, and of each other request it is "slow down". */
  moody: boolean;
  /** Where rows really lie. */
  elsewhere?: string;
  readonly requests: string[];
  readonly tokens: Set<string | null>;
}

/** Where servers of tests listen. */
export const local: { hostname: string; port: number; onListen: () => void } = {
  hostname: "127.0.0.1",
  port: 0,
  onListen: () => {},
};

/** Runs with a hub that has one repository, some/thing, and with HF_ENDPOINT naming it. */
export async function withHub(run: (hub: Hub) => Promise<void>): Promise<void> {
  const hub: Hub = { files: {}, commit: "a".repeat(40), gated: false, moody: false, requests: [], tokens: new Set() };
  const server = Deno.serve({ ...local, onError: () => new Response(null) }, (request) => {
    const path = decodeURIComponent(new URL(request.url).pathname);
    hub.requests.push(path);
    hub.tokens.add(request.headers.get("authorization"));
    const file = path.split(`/some/thing/resolve/${hub.commit}/`)[1];
    const isFirst = hub.requests.filter((earlier) => earlier === path).length === 1;
    if (hub.moody && isFirst && file === undefined) {
      return new Response("slow down", { status: 429, headers: { "retry-after": "0" } });
    }
    if (hub.gated) return Response.json({ error: "gated" }, { status: 403 });
    if (!path.includes("/some/thing")) return Response.json({ error: "not found" }, { status: 404 });
    if (/^\/api\/\w+\/some\/thing\/revision\/main$/.test(path)) {
      const info = { _id: "1", id: "some/thing", sha: hub.commit, likes: 0, downloads: 0, lastModified: "2026-01-01" };
      return Response.json({ ...info, private: false, gated: false });
    }
    if (path.includes(`/some/thing/tree/${hub.commit}`)) {
      return Response.json(
        Object.entries(hub.files).map(([path, bytes]) => {
          const size = bytes.length;
          const oid = createHash("sha1").update(`blob ${size}\0`).update(bytes).digest("hex");
          const sha256 = createHash("sha256").update(bytes).digest("hex");
          const lfs = path.endsWith(".safetensors") ? { lfs: { oid: sha256, size, pointerSize: 130 } } : {};
          return { type: "file", path, size, oid, ...lfs };
        }),
      );
    }
    const bytes = hub.files[file ?? ""];
    if (hub.elsewhere !== undefined && path.endsWith("rows.jsonl")) return Response.redirect(hub.elsewhere);
    if (bytes && hub.moody && isFirst) {
      const start = new ReadableStream({
        start(controller) {
          controller.enqueue(bytes.subarray(0, bytes.length >> 1));
          setTimeout(() => controller.error(new Error("dropped")), 20);
        },
      });
      return new Response(start, { headers: { "content-length": String(bytes.length) } });
    }
    return bytes ? new Response(bytes) : new Response("none", { status: 404 });
  });
  const before = ["HF_ENDPOINT", "HF_TOKEN", "HF_HUB_OFFLINE"].map((name) => [name, Deno.env.get(name)] as const);
  Deno.env.set("HF_ENDPOINT", `http://127.0.0.1:${server.addr.port}/`);
  Deno.env.set("HF_TOKEN", "hf_secret");
  Deno.env.delete("HF_HUB_OFFLINE");
  try {
    await run(hub);
  } finally {
    for (const [name, value] of before) value === undefined ? Deno.env.delete(name) : Deno.env.set(name, value);
    await server.shutdown();
  }
}
