// Models and data of a hub on this machine, which answers as huggingface.co does.
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { createHash } from "node:crypto";
import { join } from "@std/path";
import {
  huggingFaceData,
  merge,
  modelNamed,
  pipeline,
  PipelineError,
  quantize,
  runPipeline,
  z,
} from "../../../../mod.ts";
import { readConfig } from "../../../../models/formats/config.ts";
import { writeRandomModel } from "../../../../models/init_model.ts";
import { goldenFolder } from "../../../models/golden_base.ts";
import { LLAMA_JSON } from "../../../models/sample_tokenizers.ts";
import { inFolder } from "../../../models/temp_folder.ts";

interface Hub {
  /** Files by path. */
  files: Record<string, Uint8Array<ArrayBuffer>>;
  commit: string;
  /** Refuses all, as for a gated model. */
  gated: boolean;
  readonly requests: string[];
  readonly tokens: Set<string | null>;
}

/** Runs with a hub that has one repository, some/thing, and with HF_ENDPOINT naming it. */
async function withHub(run: (hub: Hub) => Promise<void>): Promise<void> {
  const hub: Hub = { files: {}, commit: "a".repeat(40), gated: false, requests: [], tokens: new Set() };
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
    const path = decodeURIComponent(new URL(request.url).pathname);
    hub.requests.push(path);
    hub.tokens.add(request.headers.get("authorization"));
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
    const [, file = ""] = path.split(`/some/thing/resolve/${hub.commit}/`);
    const bytes = hub.files[file];
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

async function putModel(hub: Hub, directory: string, seed: number): Promise<void> {
  const config = { ...await readConfig(`${goldenFolder}grouped`), vocabularySize: 512 };
  const model = join(directory, `model-${seed}`);
  await writeRandomModel(model, { seed, config, tokenizerJson: LLAMA_JSON });
  for (const { name } of Deno.readDirSync(model)) hub.files[name] = await Deno.readFile(join(model, name));
  hub.files["README.md"] = new TextEncoder().encode("not needed");
}

const base = (name: string) =>
  pipeline({ options: z.object({}), build: () => ({ base: quantize({ model: modelNamed(name) }) }) });

const how = async (name: string, cacheDir: string) =>
  (await runPipeline(base(name), { cacheDir })).stages.map(({ status }) => status);

Deno.test("a model of the hub is downloaded once, by commit; a branch that moves is downloaded anew; offline the cache does", () =>
  withHub((hub) =>
    inFolder(async (directory) => {
      const cacheDir = join(directory, "cache");
      await putModel(hub, directory, 1);
      assertEquals(await how("some/thing", cacheDir), ["ran", "ran"]);
      assert(!hub.requests.some((path) => path.includes("README")), "it fetched what a model does not need");
      assertEquals(hub.tokens, new Set(["Bearer hf_secret"]));
      hub.requests.length = 0;
      assertEquals(await how("some/thing", cacheDir), ["cached", "cached"]);
      assertEquals(hub.requests, ["/api/models/some/thing/revision/main"]);
      Deno.env.set("HF_HUB_OFFLINE", "1");
      hub.requests.length = 0;
      assertEquals(await how("some/thing", cacheDir), ["cached", "cached"]);
      assertEquals(hub.requests, []);
      const other = join(directory, "other");
      const error = await assertRejects(() => how("some/thing", other), PipelineError);
      assertStringIncludes(error.message, "HF_HUB_OFFLINE is set");
      Deno.env.delete("HF_HUB_OFFLINE");
      hub.commit = "b".repeat(40);
      await putModel(hub, directory, 2);
      assertEquals(await how("some/thing", cacheDir), ["ran", "ran"]);
    })
  ));

Deno.test("a refused, an unknown and an unreachable model are explained", () =>
  withHub((hub) =>
    inFolder(async (directory) => {
      await putModel(hub, directory, 1);
      const fails = async (name: string, message: string) =>
        assertStringIncludes(
          (await assertRejects(() => how(name, join(directory, "cache")), PipelineError)).message,
          message,
        );
      await fails("no/body", "has no model no/body at main");
      hub.gated = true;
      await fails("some/thing", "If it is gated, accept its terms at http://127.0.0.1");
      await fails("some/thing", "that in HF_TOKEN was not enough");
      Deno.env.set("HF_ENDPOINT", "http://127.0.0.1:1");
      await fails("some/thing", "cannot be reached");
      await fails("some/thing", "HF_HUB_OFFLINE=1");
    })
  ));

Deno.test("a file of rows of the hub can be merged; of several one has to be named", () =>
  withHub((hub) =>
    inFolder(async (directory) => {
      const rows = (count: number) =>
        new TextEncoder().encode(
          Array.from({ length: count }, (_, i) => JSON.stringify({ instruction: `q${i}`, input: "", output: `a${i}` }))
            .join("\n"),
        );
      hub.files = { "README.md": new TextEncoder().encode("x"), "data/a.jsonl": rows(5) };
      const merged = (file?: string) =>
        runPipeline(
          pipeline({
            options: z.object({}),
            build: () => ({
              data: merge({ sources: [huggingFaceData("some/thing", file ? { file } : {})], validation: 1 }),
            }),
          }),
          { cacheDir: join(directory, hub.commit) },
        );
      assertEquals((await merged()).targets.data.meta.read, 5);
      assert(hub.requests.some((path) => path.startsWith("/datasets/some/thing/resolve/")));
      hub.commit = "c".repeat(40);
      hub.files["data/b.json"] = rows(7);
      await assertRejects(() => merged(), PipelineError, "name one by file: data/a.jsonl, data/b.json");
      assertEquals((await merged("data/b.json")).targets.data.meta.read, 7);
    })
  ));

Deno.test("a path that is there wins over a name of the hub", () =>
  withHub((hub) =>
    inFolder(async (directory) => {
      await putModel(hub, directory, 1);
      await Deno.rename(join(directory, "model-1"), join(directory, "thing"));
      const inside = `${directory}/thing`;
      assertEquals(await how(inside, join(directory, "cache")), ["ran"]);
      assertEquals(hub.requests, []);
    })
  ));
