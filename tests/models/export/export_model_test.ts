import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { exportedFile, exportModel, type ExportRequest } from "../../../models/export/export_model.ts";
import { MergedWeights } from "../../../models/export/merged_weights.ts";
import { readAdapter } from "../../../models/formats/adapter.ts";
import { readConfig } from "../../../models/formats/config.ts";
import { FormatError } from "../../../models/formats/error.ts";
import { projectionName } from "../../../models/formats/lora_names.ts";
import { openSafetensors } from "../../../models/formats/safetensors.ts";
import { openWeights } from "../../../models/formats/weights.ts";
import { writeRandomModel } from "../../../models/init_model.ts";
import { goldenFolder, goldenNames } from "../golden_base.ts";
import goldens from "../goldens/goldens.json" with { type: "json" };
import { largestDifference, logitsOf } from "../logits.ts";
import { LLAMA_JSON } from "../sample_tokenizers.ts";
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

Deno.test("exportModel() says what a request lacks and what does not fit, and leaves no file", () =>
  inFolder(async (directory) => {
    const model = `${goldenFolder}plain`;
    const other = `${goldenFolder}grouped/all`;
    const faults: [Partial<ExportRequest>, string][] = [
      [{ to: "hf" }, "exporting to hf wants a base model"],
      [{ to: "gguf-lora", model }, "exporting to gguf-lora wants an adapter"],
      [{ to: "peft" }, "exporting to peft wants an adapter"],
      [{ to: "hf", model, type: "q8_0" }, "found q8_0"],
      [{ to: "hf", model, adapter: other }, "the adapter does not fit this model: its layer 0 "],
      [{ to: "gguf-lora", model, adapter: other }, "the adapter does not fit this model: its layer 0 "],
      [{ to: "gguf", model }, "has no tokenizer"],
    ];
    for (const [change, message] of faults) {
      await assertRejects(() => exportModel(request(change), directory), FormatError, message);
      assertEquals([...Deno.readDirSync(directory)], []);
    }
  }));

Deno.test("a GGUF export is the same to the byte each time, and Q8_0 takes about a quarter of float32", () =>
  inFolder(async (directory) => {
    const model = join(directory, "model");
    const config = {
      ...await readConfig(`${goldenFolder}grouped`),
      ...{ hiddenSize: 64, intermediateSize: 96, heads: 4, keyValueHeads: 2, headSize: 16, vocabularySize: 512 },
    };
    await writeRandomModel(model, { seed: 1, config, tokenizerJson: LLAMA_JSON, initializerRange: 0.02 });
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
