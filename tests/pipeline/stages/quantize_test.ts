import { assert, assertEquals } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import { readConfig } from "../../../models/formats/config.ts";
import { openSafetensors } from "../../../models/formats/safetensors/safetensors.ts";
import { loadTokenizer } from "../../../models/tokenizer/tokenizer.ts";
import { modelFolder } from "../../../pipeline/stages/models.ts";
import { quantize } from "../../../pipeline/stages/quantize.ts";
import { run, withFolder } from "./running.ts";

const goldens = fromFileUrl(new URL("../../models/goldens/", import.meta.url));

Deno.test("quantize() takes a .gguf file beside others: configuration, tokenizer and weights come from it alone", () =>
  withFolder(async (folder) => {
    const model = modelFolder(`${goldens}gguf/qwen3.gguf`);
    const { targets: { base } } = await run(folder, () => ({ base: quantize({ model, bits: 32 }) }));
    assertEquals([base.meta.name, base.meta.tokenizer.vocabSize], ["qwen3", 61]);
    assertEquals((await readConfig(base.dir)).family, "qwen3");
    using tokenizer = await loadTokenizer(join(base.dir, "tokenizer"));
    assertEquals(tokenizer.decode(tokenizer.encode("ab a cab")), "ab a cab");
    using file = await openSafetensors(join(base.dir, "base.safetensors"));
    assert(file.tensors.has("model.layers.1.self_attn.q_norm.weight"));

    const events: string[] = [];
    await run(folder, () => ({ base: quantize({ model, bits: 32 }) }), (event) => events.push(event.type));
    assert(!events.includes("stage-start"), `${events}`);
  }));

Deno.test("quantize() takes a checkpoint folder of Meta's with tokenizer.model", () =>
  withFolder(async (folder) => {
    const model = join(folder, "llama");
    await Deno.mkdir(model);
    for (const name of ["params.json", "consolidated.00.pth", "consolidated.01.pth"]) {
      await Deno.copyFile(`${goldens}meta/${name}`, join(model, name));
    }
    const from = modelFolder(`${goldens}gguf/grouped.gguf`);
    const { targets: { base: other } } = await run(folder, () => ({ base: quantize({ model: from }) }));
    const file = "tokenizer/tokenizer.model";
    await Deno.copyFile(join(other.dir, file), join(model, "tokenizer.model"));
    const { targets: { base } } = await run(folder, () => ({ base: quantize({ model: modelFolder(model) }) }));
    assertEquals(await Deno.readFile(join(base.dir, file)), await Deno.readFile(join(model, "tokenizer.model")));
    assertEquals([base.meta.bits, base.meta.config.intermediateSize, base.meta.maxPositions], [8, 44, 64]);
  }));
