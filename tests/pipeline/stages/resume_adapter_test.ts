// A training that begins with an adapter: starting_adapter.ts.
import { assert, assertEquals, assertNotEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { readAdapter } from "../../../models/formats/adapter/adapter.ts";
import { adapterFolder } from "../../../pipeline/stages/models.ts";
import { withFolder } from "./running.ts";
import { Bench } from "./small_training.ts";

Deno.test("a training begins with an existing adapter, which is known by its content; another shape is refused with what to ask for", async () => {
  await withFolder(async (folder) => {
    const bench = new Bench(folder);
    const first = (await bench.train({ maxSteps: 4 })).result!.targets.adapter;
    const copy = join(folder, "copy");
    Deno.mkdirSync(copy);
    for (const name of ["adapter_config.json", "adapter_model.safetensors"]) {
      Deno.copyFileSync(join(first.dir, name), join(copy, name));
    }
    Deno.writeTextFileSync(join(copy, "README.md"), "not part of it");

    // So low a rate that nothing changes to speak of: what comes out is what went in.
    const still = { maxSteps: 2, learningRate: 1e-12 };
    const second = await bench.train(still, { resumeAdapter: adapterFolder(copy) });
    const [before, after] = [await readAdapter(copy), await readAdapter(second.result!.targets.adapter.dir)];
    for (const [i, { a, b }] of before.tensors.entries()) {
      assert(a.every((value, k) => Math.abs(value - after.tensors[i]!.a[k]!) < 1e-9));
      assert(b.every((value, k) => Math.abs(value - after.tensors[i]!.b[k]!) < 1e-9));
    }

    Deno.renameSync(copy, join(folder, "moved"));
    const moved = await bench.train(still, { resumeAdapter: adapterFolder(join(folder, "moved")) });
    assertEquals(moved.result!.targets.adapter.status, "cached");
    const fresh = await bench.train(still);
    assertNotEquals(fresh.result!.targets.adapter.digest, second.result!.targets.adapter.digest);

    const wrong = { ...still, lora: { rank: 8, alpha: 16, targets: ["q_proj" as const] } };
    const error = await assertRejects(
      () => bench.train(wrong, { resumeAdapter: adapterFolder(join(folder, "moved")) }),
      Error,
      "it has rank 3, not 8; alpha 6, not 16; targets down_proj q_proj v_proj, not q_proj",
    );
    assertStringIncludes(error.message, "lora.rank 3, lora.alpha 6, lora.targets down_proj q_proj v_proj");
  });
});
