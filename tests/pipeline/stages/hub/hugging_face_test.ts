// Models and data of a hub on this machine, which answers as huggingface.co does.
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import {
  huggingFaceData,
  merge,
  modelNamed,
  pipeline,
  PipelineError,
  quantize,
  rows,
  runPipeline,
  z,
} from "../../../../mod.ts";
import { readConfig } from "../../../../models/formats/config.ts";
import { writeRandomModel } from "../../../../models/init_model.ts";
import { goldenFolder } from "../../../models/golden_base.ts";
import { LLAMA_JSON } from "../../../models/sample_tokenizers.ts";
import { inFolder } from "../../../models/temp_folder.ts";
import { type Hub, local, withHub } from "./local_hub.ts";
import fromHub from "./children/hub_pipeline.ts";

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
      const rowsOf = (count: number) =>
        new TextEncoder().encode(
          Array.from({ length: count }, (_, i) => JSON.stringify({ instruction: `q${i}`, input: "", output: `a${i}` }))
            .join("\n"),
        );
      hub.files = { "README.md": new TextEncoder().encode("x"), "data/a.jsonl": rowsOf(5) };
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
      hub.files["data/b.json"] = rowsOf(7);
      await assertRejects(() => merged(), PipelineError, "name one (hub:some/thing:FILE): data/a.jsonl, data/b.json");
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

Deno.test("of GGUF files the one that is named is downloaded alone, by its path or the type of its elements", () =>
  withHub((hub) =>
    inFolder(async (directory) => {
      const cacheDir = join(directory, "cache");
      hub.files = { "README.md": new TextEncoder().encode("x"), "config.json": new TextEncoder().encode("{}") };
      const gguf = await Deno.readFile(`${goldenFolder}gguf/grouped.gguf`);
      hub.files["thing.Q8_0.gguf"] = gguf;
      assertEquals(await how("some/thing", cacheDir), ["ran", "ran"]);
      hub.commit = "d".repeat(40);
      hub.files["parts/thing.Q4_K_M.gguf"] = gguf.slice();
      await assertRejects(() => how("some/thing", cacheDir), PipelineError, "name one of them as some/thing:FILE: ");
      await assertRejects(
        () => how("some/thing:Q2_K", cacheDir),
        PipelineError,
        "it has no file Q2_K; found README.md",
      );
      await assertRejects(() => how("some/thing:README.md", cacheDir), PipelineError, "README.md is no .gguf file");
      hub.requests.length = 0;
      assertEquals(await how("some/thing:q4_k_m", cacheDir), ["ran", "ran"]);
      assertEquals(await how(`hub:some/thing:parts/thing.Q4_K_M.gguf@${hub.commit}`, cacheDir), ["ran", "cached"]);
      const fetched = hub.requests.filter((path) => path.includes("/resolve/"));
      assertEquals(new Set(fetched.map((path) => path.split("/").at(-1))), new Set(["thing.Q4_K_M.gguf"]));
      await assertRejects(() => how("hub:thing", cacheDir), PipelineError, "wanted hub:owner/name[:FILE][@REVISION]");
    })
  ));

Deno.test("a data set of the hub is named on the command line, and another weight does not download it again", () =>
  withHub((hub) =>
    inFolder(async (directory) => {
      const lines = Array.from({ length: 8 }, (_, i) =>
        JSON.stringify({ instruction: `q${i}`, input: "", output: `a${i}` }));
      hub.files = { "a.json": new TextEncoder().encode(lines.join("\n")), "b.json": new TextEncoder().encode("[]") };
      const train = async (spec: string) => {
        const build = () => ({ data: merge({ sources: [rows(spec)], validation: 0 }) });
        const { targets } = await runPipeline(pipeline({ options: z.object({}), build }), { cacheDir: directory });
        return targets.data.meta.train;
      };
      assertEquals(await train("alpaca:hub:some/thing:a.json"), 8);
      hub.requests.length = 0;
      assertEquals(await train("alpaca:hub:some/thing:a.json@main*2"), 16);
      assertEquals(hub.requests, ["/api/datasets/some/thing/revision/main"]);
      await assertRejects(
        () =>
          train("hub:nothing"),
        PipelineError,
        'data source "hub:nothing": wanted hub:owner/name',
      );
    })
  ));

Deno.test("in the strict mode a model and rows come from a moody hub, and from no other host", () =>
  withHub((hub) =>
    inFolder(async (directory) => {
      await putModel(hub, directory, 1);
      const lines = Array.from({ length: 4 }, (_, i) =>
        JSON.stringify({ instruction: `q${i}`, input: "", output: `a${i}` }));
      hub.files["rows.jsonl"] = new TextEncoder().encode(lines.join("\n"));
      hub.moody = true;
      const options = { model: "some/thing", data: "hub:some/thing:rows.jsonl" };
      const module = new URL("./children/hub_pipeline.ts", import.meta.url).href;
      const run = (name: string, strict: boolean) =>
        runPipeline(fromHub, {
          options,
          cacheDir: join(directory, name),
          ...(strict && { strict: { module, options } }),
        });
      const strict = await run("strict", true);
      assertEquals(
        strict.stages.map(({ status }) =>
          status
        ),
        ["ran", "ran", "ran", "ran"],
      );
      assertEquals(hub.tokens, new Set(["Bearer hf_secret"]));
      const files = hub.requests.filter((path) => path.endsWith("model.safetensors"));
      assertEquals(files.length, 2, "it went on where the first answer broke off");
      const plain = await run("plain", false);
      assertEquals(strict.stages.map(({ digest }) => digest), plain.stages.map(({ digest }) => digest));

      // A hub that sends one to another port sends one to another host.
      const elsewhere = Deno.serve(local, () => new Response(lines.join("\n")));
      hub.elsewhere = `http://127.0.0.1:${elsewhere.addr.port}/`;
      hub.commit = "e".repeat(40);
      const error = await assertRejects(() => run("strict", true), PipelineError);
      assertStringIncludes(error.message, `net access to "127.0.0.1:${elsewhere.addr.port}"`);
      assertEquals((await run("plain", false)).stages.length, 4);
      await elsewhere.shutdown();
    })
  ));
