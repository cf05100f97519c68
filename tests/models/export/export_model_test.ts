import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import { exportedFile, exportModel, type ExportRequest } from "../../../models/export/export_model.ts";
import { MergedWeights } from "../../../models/export/merged_weights.ts";
import { readAdapter } from "../../../models/formats/adapter/adapter.ts";
import { readConfig } from "../../../models/formats/config.ts";
import { AdapterFitError, FormatError } from "../../../models/formats/error.ts";
import { projectionName } from "../../../models/formats/adapter/lora_names.ts";
import { openSafetensors } from "../../../models/formats/safetensors/safetensors.ts";
import { openWeights } from "../../../models/formats/weights.ts";
import { writeRandomModel } from "../../../models/init_model.ts";
import { readModelConfig, writeModelTokenizer } from "../../../models/model_source.ts";
import { loadTokenizer } from "../../../models/tokenizer/tokenizer.ts";
import { goldenFolder, goldenNames } from "../golden_base.ts";
import goldens from "../goldens/goldens.json" with { type: "json" };
import { largestDifference, logitsOf } from "../logits.ts";
import { LLAMA_JSON, SAMPLE_TEXTS, sentencePieceModel } from "../sample_tokenizers.ts";
import { inFolder } from "../temp_folder.ts";

const request = (change: Partial<ExportRequest>): ExportRequest => ({
  to: "hf",
  type: "f32",
  form: "safetensors",
  maxShardBytes: 5e9,
  ...change,
});

Deno.test("MergedWeights gives W + alpha/R · B·A, the same whatever the stretches", async () => {
  const adapter = await readAdapter(`${goldenFolder}grouped/all`);
  const config = await readConfig(`${goldenFolder}grouped`);
  using weights = await openWeights(`${goldenFolder}grouped`);
  const merged = new MergedWeights(weights, config, adapter);
  for (const { layer, target, a, b, inFeatures, outFeatures } of adapter.tensors) {
    const name = projectionName(layer, target);
    const plain = await weights.readFloat32(name);
    const tensor = { name, shape: [outFeatures, inFeatures] };
    const whole = (await Array.fromAsync(merged.stretches(tensor))).flatMap((part) => [...part]);
    const parts = await Array.fromAsync(merged.stretches(tensor, 4, 5 * inFeatures));
    assertEquals(parts.length, Math.ceil(outFeatures / 4));
    assertEquals(parts.flatMap((part) => [...part]), whole);
    for (let i = 0; i < whole.length; i++) {
      let sum = 0;
      for (let r = 0; r < adapter.rank; r++) {
        sum += b[Math.floor(i / inFeatures) * adapter.rank + r]! * a[r * inFeatures + i % inFeatures]!;
      }
      assertAlmostEquals(whole[i]!, plain[i]! + adapter.alpha / adapter.rank * sum, 1e-6);
    }
  }
});

for (const name of goldenNames) {
  Deno.test(`a merged Hugging Face folder in shards has the logits that PEFT has with the adapter, configuration ${name}`, () =>
    inFolder(async (directory) => {
      const model = `${goldenFolder}${name}`;
      const adapter = `${goldenFolder}${name}/all`;
      const largest: number[] = [];
      await exportModel(request({ model, adapter, maxShardBytes: 20_000 }), directory, (done, total) => {
        largest.push(done / total);
      });
      assertEquals(largest.at(-1), 1);
      const names = [...Deno.readDirSync(directory)].map((entry) => entry.name);
      assert(names.includes("model.safetensors.index.json") && !names.includes("model.safetensors"));
      const index = JSON.parse(await Deno.readTextFile(join(directory, "model.safetensors.index.json")));
      for (const shard of new Set<string>(Object.values(index.weight_map))) {
        using file = await openSafetensors(join(directory, shard));
        const bytes = [...file.tensors.values()].reduce((sum, { byteLength }) => sum + byteLength, 0);
        assert(bytes <= 20_000 || file.tensors.size === 1, `${shard} has ${bytes} bytes`);
      }
      using results = await openSafetensors(`${adapter}/results.safetensors`);
      const ids = goldens.configs[name].rows[0]?.ids ?? [];
      const wanted = await results.readFloat32("logits.0");
      assert(largestDifference(await logitsOf(directory, ids), wanted) < 1e-4);
      assert(largestDifference(await logitsOf(model, ids), wanted) > 1e-2, "the adapter changes nothing");
    }));
}

Deno.test("config.json of an export names its element type and keeps every other field", () =>
  inFolder(async (directory) => {
    const model = `${goldenFolder}plain`;
    for (const [type, name] of [["f16", "float16"], ["bf16", "bfloat16"], ["f32", "float32"]] as const) {
      const folder = join(directory, type);
      await Deno.mkdir(folder);
      await exportModel(request({ model, type }), folder);
      const { dtype: _, ...before } = JSON.parse(await Deno.readTextFile(`${model}/config.json`));
      const after = JSON.parse(await Deno.readTextFile(`${folder}/config.json`));
      assertEquals(after, { ...before, torch_dtype: name });
      using file = await openSafetensors(join(folder, "model.safetensors"));
      assertEquals(new Set([...file.tensors.values()].map(({ dtype }) => dtype)), new Set([type.toUpperCase()]));
    }
  }));

Deno.test("a base of int8 weights is exported as floats of the same values, and its config.json no longer calls it quantised", () =>
  inFolder(async (directory) => {
    const model = fromFileUrl(new URL("../../../models/vicuna-tiny", import.meta.url));
    const folder = join(directory, "floats");
    await Deno.mkdir(folder);
    await exportModel(request({ model, type: "f32" }), folder);
    const config = JSON.parse(await Deno.readTextFile(`${folder}/config.json`));
    assertEquals(config.quantization_config, undefined);
    using before = await openWeights(model);
    using after = await openWeights(folder);
    const name = "model.layers.0.self_attn.q_proj.weight";
    assertEquals(await after.readFloat32(name), await before.readFloat32(name));
  }));

Deno.test("exportModel() says what a request lacks and what does not fit, and leaves no file", () =>
  inFolder(async (directory) => {
    const model = `${goldenFolder}plain`;
    const other = `${goldenFolder}grouped/all`;
    const faults: [Partial<ExportRequest>, string][] = [
      [{ to: "hf" }, "exporting to hf wants a base model"],
      [{ to: "gguf-lora", model }, "exporting to gguf-lora wants an adapter"],
      [{ to: "peft" }, "exporting to peft wants an adapter"],
      [{ to: "hf", model, type: "q8_0" }, "found q8_0"],
      [{ to: "hf", model, adapter: other }, "the adapter does not fit this base: layer 0 "],
      [{ to: "gguf-lora", model, adapter: other }, "the adapter does not fit this base: layer 0 "],
      [{ to: "gguf", model }, "has no tokenizer"],
    ];
    for (const [change, message] of faults) {
      await assertRejects(
        () => exportModel(request(change), directory),
        message.includes("adapter does not fit") ? AdapterFitError : FormatError,
        message,
      );
      assertEquals([...Deno.readDirSync(directory)], []);
    }
  }));

/** Writes a model with a tokenizer that llama.cpp takes. */
async function writeSmallModel(model: string): Promise<void> {
  const config = {
    ...await readConfig(`${goldenFolder}grouped`),
    ...{ hiddenSize: 64, intermediateSize: 96, heads: 4, keyValueHeads: 2, headSize: 16, vocabularySize: 512 },
  };
  await writeRandomModel(model, { seed: 1, config, tokenizerJson: LLAMA_JSON, initializerRange: 0.02 });
}

Deno.test("a GGUF export is the same to the byte each time, and Q8_0 takes about a quarter of float32", () =>
  inFolder(async (directory) => {
    const model = join(directory, "model");
    await writeSmallModel(model);
    const sizes: number[] = [];
    for (const type of ["f32", "f16", "q8_0"] as const) {
      const wanted = request({ to: "gguf", model, type });
      const files: Uint8Array[] = [];
      for (const folder of ["one", "two"]) {
        const path = join(directory, type, folder);
        await Deno.mkdir(path, { recursive: true });
        await exportModel(wanted, path);
        files.push(await Deno.readFile(join(path, exportedFile(wanted) ?? "")));
      }
      assertEquals(files[0], files[1]);
      sizes.push(files[0]?.length ?? 0);
    }
    const [f32 = 0, f16 = 0, q8 = 0] = sizes;
    assert(f16 < 0.6 * f32 && q8 < 0.35 * f32, String(sizes));
  }));

Deno.test("a GGUF file as the base gives the same GGUF file again, to the byte, and a folder that is read as the same", () =>
  inFolder(async (directory) => {
    const model = join(directory, "model");
    await writeSmallModel(model);
    const run = async (name: string, change: Partial<ExportRequest>) => {
      const folder = join(directory, name);
      await Deno.mkdir(folder);
      await exportModel(request({ name: "small", ...change }), folder);
      return folder;
    };
    const first = join(await run("first", { to: "gguf", model, type: "f16" }), "model-f16.gguf");
    const second = join(await run("second", { to: "gguf", model: first, type: "f16" }), "model-f16.gguf");
    assertEquals(await Deno.readFile(second), await Deno.readFile(first));
    const folder = await run("folder", { to: "hf", model: first, type: "f16" });
    const third = join(await run("third", { to: "gguf", model: folder, type: "f16" }), "model-f16.gguf");
    assertEquals(await valuesOf(third), await valuesOf(first));
    using tokenizer = await loadTokenizer(folder);
    using own = await loadTokenizer(model);
    for (const text of SAMPLE_TEXTS) assertEquals(tokenizer.encode(text), own.encode(text));
  }));

/** The values of all tensors of a model. */
async function valuesOf(model: string): Promise<Map<string, Float32Array>> {
  using weights = await openWeights(model);
  const values = new Map<string, Float32Array>();
  for (const name of weights.names().toSorted()) values.set(name, await weights.readFloat32(name));
  return values;
}

for (
  const [form, path, network] of [
    ["GGUF", "gguf/grouped.gguf", "grouped"],
    ["GGUF with biases", "gguf/qwen2.gguf", "qwen2"],
    ["Meta's form", "meta", "plain"],
  ] as const
) {
  Deno.test(`a base in ${form} is exported with its own values, and merged as Hugging Face's is`, () =>
    inFolder(async (directory) => {
      // Meta's checkpoints have their tokenizer beside them, GGUF files inside.
      const model = path === "meta" ? join(directory, "meta") : `${goldenFolder}${path}`;
      if (path === "meta") {
        await Deno.mkdir(model);
        for (const { name } of Deno.readDirSync(`${goldenFolder}meta`)) {
          await Deno.copyFile(`${goldenFolder}meta/${name}`, join(model, name));
        }
        await Deno.writeFile(join(model, "tokenizer.model"), sentencePieceModel());
      }
      const run = async (change: Partial<ExportRequest>) => {
        const folder = await Deno.makeTempDir({ dir: directory });
        const whole = request({ model, ...change });
        await exportModel(whole, folder);
        return exportedFile(whole) === undefined ? folder : join(folder, exportedFile(whole)!);
      };
      const plain = await run({ to: "hf", type: "f32" });
      assertEquals(await valuesOf(plain), await valuesOf(model));
      assertEquals(await readConfig(plain), await readModelConfig(model));
      const names = [...Deno.readDirSync(plain)].map(({ name }) => name);
      assert(names.includes("tokenizer.model") && names.length >= 3, `${names}`);

      const adapter = `${goldenFolder}${network}/all`;
      const merged = await valuesOf(await run({ to: "hf", type: "f32", adapter }));
      const folder = await Deno.makeTempDir({ dir: directory });
      await exportModel(request({ to: "hf", type: "f32", adapter, model: `${goldenFolder}${network}` }), folder);
      for (const [name, wanted] of await valuesOf(folder)) {
        // The base's matrices are in float16.
        assert(largestDifference(merged.get(name)!, wanted) < 1e-3, name);
      }
      const lora = await run({ to: "gguf-lora", adapter });
      assert((await Deno.stat(lora)).size > 1000);

      if (form !== "Meta's form") return; // the vocabularies of the others are too small for llama.cpp
      const gguf = await run({ to: "gguf", type: "f16", name: "again" });
      assertEquals(await valuesOf(gguf), await valuesOf(model));
      assertEquals([...Deno.readDirSync(join(gguf, ".."))].map(({ name }) => name), ["model-f16.gguf"]);
      using tokenizer = await loadTokenizer(plain);
      await Deno.mkdir(join(directory, "tokenizer"));
      using again = await loadTokenizer(await writeModelTokenizer(gguf, join(directory, "tokenizer")));
      assertEquals(again.encode("Name a red fruit: 苹果"), tokenizer.encode("Name a red fruit: 苹果"));
    }));
}
