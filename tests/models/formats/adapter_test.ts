import { assert, assertEquals, assertRejects } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import { type Adapter, type AdapterTensor, readAdapter, writeAdapter } from "../../../models/formats/adapter.ts";
import { FormatError } from "../../../models/formats/error.ts";
import { writeSafetensors } from "../../../models/formats/safetensors.ts";
import { inFolder } from "../temp_folder.ts";

const GOLDENS = fromFileUrl(new URL("../goldens/", import.meta.url));

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

Deno.test("readAdapter() says what it looked for when there is no adapter", () =>
  inFolder(async (directory) => {
    await assertRejects(() => readAdapter(directory), FormatError, "looked for adapter_config.json (missing)");
    await Deno.writeTextFile(join(directory, "adapter_config.json"), "{}");
    await Deno.writeTextFile(join(directory, "adapter_model.bin"), "");
    await assertRejects(() => readAdapter(directory), FormatError, "adapter_model.bin is there, but PyTorch files");
  }));

Deno.test("readAdapter() refuses by name what plain LoRA has not", () =>
  inFolder(async (directory) => {
    await writeAdapter(directory, ADAPTER);
    const path = join(directory, "adapter_config.json");
    const good = JSON.parse(await Deno.readTextFile(path));
    const faults: [Record<string, unknown>, string][] = [
      [{ peft_type: "IA3" }, 'peft_type is "IA3"'],
      [{ bias: "all" }, 'bias is "all"'],
      [{ rank_pattern: { q_proj: 4 } }, "rank_pattern"],
      [{ alpha_pattern: { q_proj: 4 } }, "alpha_pattern"],
      [{ modules_to_save: ["lm_head"] }, "modules_to_save"],
      [{ use_rslora: true }, "use_rslora"],
      [{ use_dora: true }, "use_dora"],
      [{ fan_in_fan_out: true }, "fan_in_fan_out"],
      [{ init_lora_weights: "pissa" }, 'init_lora_weights is "pissa"'],
      [{ r: 0 }, "at r"],
      [{ r: 4 }, "has the shape [2, 8]; adapter_config.json says r = 4"],
      [{ lora_alpha: undefined }, "lora_alpha"],
      [{ target_modules: ["q_proj"] }, "target_modules are q_proj; adapter_model.safetensors has q_proj, v_proj"],
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
