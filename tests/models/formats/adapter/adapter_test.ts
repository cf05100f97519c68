import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import {
  type Adapter,
  type AdapterTensor,
  readAdapter,
  writeAdapter,
} from "../../../../models/formats/adapter/adapter.ts";
import { readConfig } from "../../../../models/formats/config.ts";
import { AdapterFitError, FormatError } from "../../../../models/formats/error.ts";
import { writeSafetensors } from "../../../../models/formats/safetensors/safetensors.ts";
import { writeTorchFile } from "../../../../models/formats/torch/torch_writer.ts";
import { inFolder } from "../../temp_folder.ts";

const GOLDENS = fromFileUrl(new URL("../../goldens/", import.meta.url));

const tensor = (layer: number, target: AdapterTensor["target"], b = 0.5): AdapterTensor => ({
  layer,
  target,
  a: new Float32Array(2 * 8).fill(0.25),
  b: new Float32Array(12 * 2).fill(b),
  inFeatures: 8,
  outFeatures: 12,
});

const ADAPTER: Adapter = {
  baseModel: "some/base",
  rank: 2,
  alpha: 4,
  dropout: 0.05,
  targets: ["q_proj", "v_proj"],
  tensors: [tensor(0, "q_proj"), tensor(0, "v_proj"), tensor(1, "q_proj"), tensor(1, "v_proj", -1)],
};

for (const path of ["plain/qv", "plain/all", "grouped/qv", "grouped/all"]) {
  Deno.test(`writeAdapter() writes back the bytes of PEFT's own ${path}`, () =>
    inFolder(async (directory) => {
      const adapter = await readAdapter(join(GOLDENS, path));
      assertEquals([adapter.rank, adapter.alpha, adapter.targets.length], [4, 8, path.endsWith("qv") ? 2 : 7]);
      const { tensors, zeroB } = await writeAdapter(join(directory, "new"), adapter);
      assertEquals([tensors, zeroB], [4 * adapter.targets.length, []]);
      const file = "adapter_model.safetensors";
      assertEquals(await Deno.readFile(join(directory, "new", file)), await Deno.readFile(join(GOLDENS, path, file)));
      assertEquals(await readAdapter(join(directory, "new")), adapter);
    }));
}

Deno.test("an adapter is the same in both file forms, and a folder with both is read from safetensors", () =>
  inFolder(async (directory) => {
    const { tensors, zeroB } = await writeAdapter(directory, ADAPTER, "bin");
    assertEquals([tensors, zeroB], [8, []]);
    assertEquals(await readAdapter(directory), ADAPTER);
    const bytes = await Deno.readFile(join(directory, "adapter_model.bin"));
    await writeAdapter(directory, ADAPTER, "bin");
    assertEquals(await Deno.readFile(join(directory, "adapter_model.bin")), bytes);
    await writeAdapter(directory, { ...ADAPTER, tensors: [tensor(0, "q_proj", 7), tensor(0, "v_proj")] });
    assertEquals((await readAdapter(directory)).tensors[0]?.b[0], 7);
  }));

Deno.test("readAdapter() takes a checkpoint's pytorch_model.bin as it lies, with and without a configuration", () =>
  inFolder(async (directory) => {
    await writeAdapter(directory, ADAPTER, "bin");
    await Deno.rename(join(directory, "adapter_model.bin"), join(directory, "pytorch_model.bin"));
    assertEquals(await readAdapter(directory), ADAPTER);
    await Deno.remove(join(directory, "adapter_config.json"));
    assertEquals(await readAdapter(directory), { ...ADAPTER, baseModel: "", alpha: 16, dropout: 0.05 });
    assertEquals([...Deno.readDirSync(directory)].map(({ name }) => name), ["pytorch_model.bin"]);
  }));

const key = (layer: number, rest: string) => `base_model.model.model.layers.${layer}.self_attn.${rest}.weight`;

const floats = (name: string, shape: number[], value: number) => ({
  name,
  dtype: "F32" as const,
  shape,
  data: new Uint8Array(new Float32Array(shape.reduce((product, size) => product * size, 1)).fill(value).buffer),
});

Deno.test("readAdapter() takes keys that still have the adapter's name in them, but no key twice", () =>
  inFolder(async (directory) => {
    const path = join(directory, "pytorch_model.bin");
    const a = floats(key(0, "q_proj.lora_A.default"), [2, 8], 1);
    const b = floats(key(0, "q_proj.lora_B.default"), [12, 2], 3);
    await writeTorchFile(path, [a, b]);
    const { rank, tensors: [first] } = await readAdapter(directory);
    assertEquals([rank, first?.a[0], first?.b[0], first?.outFeatures], [2, 1, 3, 12]);
    await writeTorchFile(path, [a, b, { ...a, name: key(0, "q_proj.lora_A") }]);
    await assertRejects(() => readAdapter(directory), FormatError, "twice");
  }));

/** scale · B·A of each module, row by row. */
const products = ({ rank, alpha, tensors }: Adapter) =>
  tensors.map(({ a, b, inFeatures, outFeatures }) =>
    Array.from({ length: outFeatures * inFeatures }, (_, i) => {
      let sum = 0;
      for (let r = 0; r < rank; r++) {
        sum += b[Math.floor(i / inFeatures) * rank + r]! * a[r * inFeatures + i % inFeatures]!;
      }
      return alpha / rank * sum;
    })
  );

Deno.test("readAdapter() honours rank_pattern, alpha_pattern and use_rslora", () =>
  inFolder(async (directory) => {
    await writeAdapter(directory, ADAPTER);
    const config = JSON.parse(await Deno.readTextFile(join(directory, "adapter_config.json")));
    await writeSafetensors(join(directory, "adapter_model.safetensors"), [
      floats(key(0, "q_proj.lora_A"), [3, 8], 1),
      floats(key(0, "q_proj.lora_B"), [12, 3], 2),
      floats(key(0, "v_proj.lora_A"), [2, 8], 3),
      floats(key(0, "v_proj.lora_B"), [12, 2], 4),
      floats(key(1, "q_proj.lora_A"), [5, 8], 5),
      floats(key(1, "q_proj.lora_B"), [12, 5], 6),
      floats(key(1, "v_proj.lora_A"), [2, 8], 7),
      floats(key(1, "v_proj.lora_B"), [12, 2], 8),
    ]);
    // The first key that matches counts; a name stands for the end of a path, not for the end of a word.
    const patterns = {
      rank_pattern: { "layers.1.self_attn.q_proj": 5, q_proj: 3, proj: 9 },
      alpha_pattern: { v_proj: 32 },
    };
    for (const stabilised of [false, true]) {
      const root = (rank: number) => stabilised ? Math.sqrt(rank) : rank;
      await Deno.writeTextFile(
        join(directory, "adapter_config.json"),
        JSON.stringify({ ...config, ...patterns, use_rslora: stabilised }),
      );
      const adapter = await readAdapter(directory);
      assertEquals(adapter.rank, 5);
      const wanted = [4 / root(3) * 3 * 2, 32 / root(2) * 2 * 12, 4 / root(5) * 5 * 30, 32 / root(2) * 2 * 56];
      for (const [i, product] of products(adapter).entries()) {
        for (const value of product) assertAlmostEquals(value, wanted[i]!, wanted[i]! * 1e-6);
      }
    }
  }));

Deno.test("writeAdapter() names every B that is zero", () =>
  inFolder(async (directory) => {
    const partly = tensor(0, "q_proj");
    partly.b.fill(0, 1);
    const tensors = [partly, tensor(0, "v_proj", 0)];
    const { zeroB } = await writeAdapter(directory, { ...ADAPTER, tensors });
    assertEquals(zeroB, ["base_model.model.model.layers.0.self_attn.v_proj.lora_B.weight"]);
  }));

Deno.test("writeAdapter() refuses values that are not finite, wrong sizes and adapters without tensors", () =>
  inFolder(async (directory) => {
    const write = (tensors: AdapterTensor[]) => writeAdapter(directory, { ...ADAPTER, tensors });
    await assertRejects(() => write([tensor(0, "q_proj", NaN)]), FormatError, 'lora_B.weight": value 0 is NaN');
    await assertRejects(() => write([{ ...tensor(0, "q_proj"), inFeatures: 9 }]), FormatError, "takes 18 values");
    await assertRejects(() => write([tensor(0, "q_proj"), tensor(0, "q_proj")]), FormatError, "the name is taken");
    await assertRejects(() => write([]), FormatError, "has 0 tensors");
    await assertRejects(() => Deno.stat(join(directory, "adapter_config.json")), Deno.errors.NotFound);
  }));

// Every path reads an adapter by readAdapter(): generate, chat, serve, evaluate, export, resumeAdapter.
Deno.test("readAdapter() refuses a value that is no finite number, naming tensor and place", () =>
  inFolder(async (directory) => {
    await writeAdapter(directory, ADAPTER);
    const path = join(directory, "adapter_model.safetensors");
    for (const [value, shown] of [[NaN, "NaN"], [-Infinity, "-Infinity"]] as const) {
      const bytes = await Deno.readFile(path);
      new DataView(bytes.buffer).setFloat32(bytes.length - 4, value, true);
      await Deno.writeFile(path, bytes);
      await assertRejects(() => readAdapter(directory), FormatError, `holds ${shown} at`);
    }
  }));

Deno.test("readAdapter() says what it looked for when there is no adapter", () =>
  inFolder(async (directory) => {
    await assertRejects(() => readAdapter(directory), FormatError, "looked for adapter_config.json (missing)");
    await Deno.writeTextFile(join(directory, "adapter_model.bin"), "");
    await assertRejects(() => readAdapter(directory), FormatError, "looked for adapter_config.json (missing)");
    await Deno.remove(join(directory, "adapter_model.bin"));
    await Deno.writeTextFile(join(directory, "adapter_config.json"), "{}");
    await assertRejects(
      () => readAdapter(directory),
      FormatError,
      "adapter_config.json (found) with adapter_model.saf",
    );
  }));

Deno.test("readAdapter() refuses by name what plain LoRA has not", () =>
  inFolder(async (directory) => {
    await writeAdapter(directory, ADAPTER);
    const path = join(directory, "adapter_config.json");
    const good = JSON.parse(await Deno.readTextFile(path));
    const faults: [Record<string, unknown>, string][] = [
      [{ peft_type: "IA3" }, 'peft_type is "IA3"'],
      [{ bias: "all" }, 'bias is "all"'],
      [{ rank_pattern: { q_proj: 4 } }, "has the shape [2, 8]; wanted rank 4"],
      [{ rank_pattern: { "q_(proj": 4 } }, '"q_(proj" is not a pattern for modules'],
      [{ rank_pattern: { q_proj: 0 } }, "rank_pattern"],
      [{ alpha_pattern: { ["q".repeat(201)]: 1 } }, "wanted at most 200"],
      [{ modules_to_save: ["lm_head"] }, "modules_to_save"],
      [{ use_rslora: "yes" }, "use_rslora"],
      [{ layer_replication: [[0, 2]] }, "layer_replication"],
      [{ lora_bias: true }, "lora_bias"],
      [{ use_dora: true }, "use_dora"],
      [{ fan_in_fan_out: true }, "fan_in_fan_out"],
      [{ init_lora_weights: "pissa" }, 'init_lora_weights is "pissa"'],
      [{ r: 0 }, "at r"],
      [{ r: 4 }, "has the shape [2, 8]; wanted rank 4 (adapter_config.json)"],
      [{ lora_alpha: undefined }, "lora_alpha"],
      [{ target_modules: ["q_proj"] }, "adapter_model.safetensors has q_proj, v_proj"],
      [{ target_modules: ["q_proj", "v_proj", "k_proj"] }, "target_modules are q_proj, v_proj, k_proj"],
    ];
    for (const [change, message] of faults) {
      await Deno.writeTextFile(path, JSON.stringify({ ...good, ...change }));
      await assertRejects(() => readAdapter(directory), FormatError, message);
    }
    for (const modules of [["v_proj", "self_attn.q_proj"], ".*_proj", null]) {
      await Deno.writeTextFile(path, JSON.stringify({ ...good, target_modules: modules }));
      assertEquals((await readAdapter(directory)).targets, ["q_proj", "v_proj"]);
    }
  }));

Deno.test("readAdapter() names a tensor that is missing, foreign or of the wrong shape", () =>
  inFolder(async (directory) => {
    await writeAdapter(directory, ADAPTER);
    const path = join(directory, "adapter_model.safetensors");
    const key = (layer: number, rest: string) => `base_model.model.model.layers.${layer}.${rest}.weight`;
    const write = (names: [string, number[]][]) =>
      writeSafetensors(
        path,
        names.map(([name, shape]) => {
          const length = shape.reduce((product, size) => product * size, 4);
          return { name, dtype: "F32" as const, shape, data: new Uint8Array(length) };
        }),
      );
    const faults: [[string, number[]][], string][] = [
      [[], "has no tensors: the adapter is empty"],
      [[[key(0, "self_attn.q_proj.lora_A"), [2, 8]]], 'q_proj.lora_B.weight", which is needed'],
      [[[key(1, "self_attn.q_proj.lora_A"), [2, 8]], [key(1, "self_attn.q_proj.lora_B"), [8, 2]]], "layers.0."],
      [[[key(0, "self_attn.q_proj.lora_A"), [2, 8]], [key(0, "self_attn.q_proj.lora_B"), [2, 8]]], "shape [2, 8]"],
      [[[key(0, "mlp.q_proj.lora_A"), [2, 8]]], "is not LoRA of a LLaMA layer"],
      [[["lm_head.weight", [2, 8]]], '"lm_head.weight" is not LoRA'],
      [[[key(0, "self_attn.q_proj.lora_A"), [2]], [key(0, "self_attn.q_proj.lora_B"), [8, 2]]], "wanted two sizes"],
    ];
    const config = join(directory, "adapter_config.json");
    await Deno.writeTextFile(config, (await Deno.readTextFile(config)).replace(/"target_modules": \[[^\]]*\],/, ""));
    for (const [names, message] of faults) {
      await write(names);
      const error = await assertRejects(() => readAdapter(directory), FormatError, message);
      assert(error.message.includes(path), error.message);
    }
  }));

Deno.test("readAdapter() matches patterns in time that follows the length of a module's path", () =>
  inFolder(async (directory) => {
    await writeAdapter(directory, ADAPTER);
    const path = join(directory, "adapter_config.json");
    const config = JSON.parse(await Deno.readTextFile(path));
    const patterns = { "([a-z.0-9_]|[a-z_.0-9])+!": 3, "(.*)*(.*)*(.*)*(.*)*x": 3, ".*(a|a|a|a)*q_proj": 2 };
    await Deno.writeTextFile(path, JSON.stringify({ ...config, rank_pattern: patterns }));
    assertEquals((await readAdapter(directory)).rank, 2);
  }));

Deno.test("readAdapter() refuses what cannot be of the base before it reads or pads anything", () =>
  inFolder(async (directory) => {
    const base = {
      ...await readConfig(join(GOLDENS, "plain")),
      layers: 2,
      hiddenSize: 8,
      heads: 3,
      headSize: 4,
      keyValueHeads: 3,
    };
    await writeAdapter(directory, ADAPTER);
    assertEquals((await readAdapter(directory, base)).tensors.length, 4);
    const cases = [
      [{ ...base, layers: 1 }, "layer 1 q_proj has A [2, 8], the base has 1 layers"],
      [{ ...base, hiddenSize: 16 }, "layer 0 q_proj has A [2, 8], the base wants 16 columns"],
      [{ ...base, keyValueHeads: 1 }, "layer 0 v_proj has B [12, 2], the base wants 4 rows"],
    ] as const;
    for (const [other, message] of cases) {
      await assertRejects(() => readAdapter(directory, other), AdapterFitError, `does not fit this base: ${message}`);
    }
    // A single module of a rank that others would have to be padded to.
    const ranks = [[0, "q_proj", 2], [0, "v_proj", 2], [1, "q_proj", 2], [1, "v_proj", 9]] as const;
    await writeSafetensors(
      join(directory, "adapter_model.safetensors"),
      ranks.flatMap(([layer, target, rank]) => [
        floats(key(layer, `${target}.lora_A`), [rank, 8], 1),
        floats(key(layer, `${target}.lora_B`), [12, rank], 1),
      ]),
    );
    const path = join(directory, "adapter_config.json");
    const config = JSON.parse(await Deno.readTextFile(path));
    await Deno.writeTextFile(path, JSON.stringify({ ...config, rank_pattern: { "layers.1.self_attn.v_proj": 9 } }));
    await assertRejects(
      () => readAdapter(directory, base),
      FormatError,
      "its modules have ranks up to 9; layer 0 q_proj",
    );
  }));
