// Adapters that PEFT made, with the logits that it has with them (torch_tools.py make_adapters): no Python is needed.
import { assert } from "@std/assert";
import { readAdapter } from "../../models/formats/adapter/adapter.ts";
import { goldenFolder } from "../models/golden_base.ts";
import goldens from "../models/goldens/goldens.json" with { type: "json" };
import { largestDifference, logitsOf } from "../models/logits.ts";

const CASES = {
  bin: "adapter_model.bin",
  patterns: "ranks and alphas by pattern",
  rslora: "scale alpha / √r",
  checkpoint: "pytorch_model.bin of a checkpoint, without a configuration",
};

for (const [name, what] of Object.entries(CASES)) {
  Deno.test(`an adapter of PEFT's gives PEFT's logits within 1e-3: ${what}`, async () => {
    const folder = new URL(`./goldens/${name}/`, import.meta.url).pathname;
    const wanted = new Float32Array(
      (await Deno.readFile(`${folder}logits.f32`)).buffer,
    );
    const ids = goldens.configs.grouped.rows[0]?.ids ?? [];
    const model = `${goldenFolder}grouped`;
    assert(
      largestDifference(
        await logitsOf(model, ids, await readAdapter(folder)),
        wanted,
      ) < 1e-3,
    );
    assert(
      largestDifference(await logitsOf(model, ids), wanted) > 0.01,
      "the adapter changes nothing",
    );
  });
}
