// PyTorch, transformers and PEFT themselves, on files of ours. README.md says how to have them run.
import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { ADAPTER_FORMS, readAdapter, writeAdapter } from "../../models/formats/adapter/adapter.ts";
import { loraKey } from "../../models/formats/adapter/lora_names.ts";
import { goldenFolder, goldenNames } from "../models/golden_base.ts";
import goldens from "../models/goldens/goldens.json" with { type: "json" };
import { largestDifference, logitsOf } from "../models/logits.ts";
import { inFolder } from "../models/temp_folder.ts";
import { digestOf, noteProof, provenAdapter } from "./proven.ts";
import { exportTo, hasStories, stories } from "./samples.ts";
import { torchLogits, torchTool, withPython } from "./tools.ts";

const sha256 = async (values: Float32Array) =>
  new Uint8Array(
    await crypto.subtle.digest("SHA-256", new Float32Array(values).buffer),
  ).toHex();

Deno.test({
  ...withPython(
    "torch.load(weights_only=True) opens our adapter_model.bin and finds every value",
  ),
  fn: () =>
    inFolder(async (directory) => {
      const adapter = await readAdapter(provenAdapter("grouped"));
      await writeAdapter(directory, adapter, "bin");
      const file = join(directory, "adapter_model.bin");
      const wanted: Record<string, unknown> = {};
      for (
        const { layer, target, a, b, inFeatures, outFeatures } of adapter
          .tensors
      ) {
        const describe = async (values: Float32Array, shape: number[]) => ({
          dtype: "torch.float32",
          shape,
          sha256: await sha256(values),
        });
        wanted[loraKey(layer, target, "A")] = await describe(a, [
          adapter.rank,
          inFeatures,
        ]);
        wanted[loraKey(layer, target, "B")] = await describe(b, [
          outFeatures,
          adapter.rank,
        ]);
      }
      assertEquals(await torchTool("state_dict", file), wanted);
      await noteProof("adapter_model.bin", { sha256: await digestOf(file) });
    }),
});

for (const form of ADAPTER_FORMS) {
  Deno.test({
    ...withPython(
      `PEFT loads our adapter as ${form} and gives our logits within 1e-3`,
    ),
    fn: () =>
      inFolder(async (directory) => {
        const model = `${goldenFolder}grouped`;
        // Written from an adapter with patterns: what we read, and hand on in our own plain form, must mean the same.
        const adapter = await readAdapter(
          new URL("./goldens/patterns", import.meta.url).pathname,
        );
        await writeAdapter(directory, adapter, form);
        const ids = goldens.configs.grouped.rows[1]?.ids ?? [];
        const ours = await logitsOf(model, ids, adapter);
        assert(
          largestDifference(await torchLogits(model, ids, directory), ours) <
            1e-3,
        );
      }),
  });
}

for (const name of goldenNames) {
  Deno.test({
    ...withPython(
      `transformers loads a merged folder in shards and gives our logits within 1e-3, configuration ${name}`,
    ),
    fn: () =>
      inFolder(async (directory) => {
        const model = `${goldenFolder}${name}`;
        const adapter = `${goldenFolder}${name}/all`;
        const ids = goldens.configs[name].rows[1]?.ids ?? [];
        const ours = await logitsOf(model, ids, await readAdapter(adapter));
        const merged = await exportTo(directory, {
          to: "hf",
          model,
          adapter,
          maxShardBytes: 20_000,
        });
        assert(largestDifference(await torchLogits(merged, ids), ours) < 1e-3);
        for (const type of ["f16", "bf16"] as const) {
          const narrow = await exportTo(directory, {
            to: "hf",
            model,
            adapter,
            type,
          });
          assert(
            largestDifference(
              await torchLogits(narrow, ids),
              await logitsOf(narrow, ids),
            ) < 1e-3,
            type,
          );
        }
      }),
  });
}

const real = withPython(
  "transformers gives a real model's float16 export the logits that it has here",
);
Deno.test({
  name: hasStories ? real.name : `${real.name} (skipped: ../shared/data/tinystories-260k is absent)`,
  ignore: real.ignore || !hasStories,
  fn: () =>
    inFolder(async (directory) => {
      const exported = await exportTo(directory, {
        to: "hf",
        model: stories,
        type: "f16",
      });
      const ids = [
        1,
        403,
        407,
        261,
        378,
        432,
        383,
        286,
        261,
        376,
        298,
        315,
        421,
        395,
        317,
      ];
      assert(
        largestDifference(
          await torchLogits(exported, ids),
          await logitsOf(exported, ids),
        ) < 1e-3,
      );
    }),
});
