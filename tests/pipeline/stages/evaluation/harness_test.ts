// Multiple choice against lm-evaluation-harness itself: goldens/make_choices_goldens.py.
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { subjectPath } from "../../../../datasets/evaluation/choice_items.ts";
import { template } from "../../../../datasets/templates/templates.ts";
import { openDevice } from "../../../../kernels/gpu/device.ts";
import { loadBase, writeBase } from "../../../../models/base_file.ts";
import { readConfig } from "../../../../models/formats/config.ts";
import { openWeights } from "../../../../models/formats/weights.ts";
import { TextGenerator } from "../../../../models/generation/text_generator.ts";
import { loadTokenizer } from "../../../../models/tokenizer/tokenizer.ts";
import { prepareChoicesTask } from "../../../../pipeline/stages/evaluation/choices_task.ts";
import type { ChoicesTaskMeta } from "../../../../pipeline/stages/kinds.ts";
import { withFolder } from "../running.ts";
import goldens from "./goldens/choices.json" with { type: "json" };
import { harnessModel, harnessPositions } from "./harness_model.ts";

const folder = new URL("./goldens/", import.meta.url).pathname;

Deno.test("C-Eval and CMMLU have the prompts, likelihoods, accuracies and errors of lm-evaluation-harness", async () => {
  await withFolder(async (model) => {
    await harnessModel(model);
    using weights = await openWeights(model);
    await writeBase(weights, await readConfig(model), 32, model);
    const device = await openDevice();
    using tokenizer = await loadTokenizer(model);
    const generator = new TextGenerator(device, await loadBase(device, model), tokenizer);
    let cut = 0;
    for (const golden of goldens) {
      const { subject, shots, bos } = golden;
      const format = golden.format as "ceval" | "cmmlu";
      const split = format === "ceval" ? "val" : "test";
      const meta: ChoicesTaskMeta = { type: "choices", name: format, format, split, shots, bos };
      const dir = join(folder, format);
      const files = [{ path: subjectPath(format, split, subject), size: 0, sha256: "" }];
      const task = await prepareChoicesTask(
        { dir, path: dir, meta, digest: "", files },
        meta,
        { template: template("alpaca"), tokenizer, maxPositions: harnessPositions, limit: 0 },
      );
      const signal = new AbortController().signal;
      const { result, items } = await task.run({
        generator,
        adapter: undefined,
        signal,
        onRequest: () => {},
        keep: (_name, compute) => compute(),
      });
      const what = `${format} ${subject}, ${shots} examples, bos ${bos}`;
      assertEquals(items.map(({ prompt }) => prompt), golden.prompts, what);
      for (const [i, item] of items.entries()) {
        for (const [j, wanted] of golden.likelihoods[i]!.entries()) {
          assertAlmostEquals(item.before.logLikelihoods?.[j] ?? 0, wanted, 1e-3, `${what}, question ${i}, choice ${j}`);
        }
      }
      const [acc] = result.metrics;
      assertEquals(acc?.before.value, golden.acc, what);
      assertAlmostEquals(acc?.before.stderr ?? 0, golden.acc_stderr, 1e-9, what);
      cut += Number(result.facts["prompts_cut"]);
    }
    assert(cut > 0, "a prompt is longer than the model");
    generator.close();
    device.close();
  });
});
