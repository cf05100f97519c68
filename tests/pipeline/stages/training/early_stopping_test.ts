// Early stopping in a real training: training_run.ts and checkpoints.ts.
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { run, withFolder } from "../running.ts";
import { Bench, small } from "../small_training.ts";

const weights = (dir: string) => Deno.readFileSync(join(dir, "adapter_model.safetensors"));

Deno.test("early stopping ends with the weights of the lowest validation loss, whatever the intervals, stopped in between or not", async () => {
  await withFolder(async (folder) => {
    const bench = new Bench(folder);
    // So high a rate that the held-out loss soon rises.
    const params = { learningRate: 0.5, earlyStopping: { patience: 2, everySteps: 1 } };
    const first = await bench.train({ ...params, evalSteps: 5, saveSteps: 3 });
    const { dir, meta, digest } = first.result!.targets.adapter;
    const state = JSON.parse(Deno.readTextFileSync(join(dir, "trainer_state.json")));
    const losses = state.log_history.filter((line: object) => "eval_loss" in line) as {
      step: number;
      eval_loss: number;
    }[];
    const best = losses.reduce((a, b) => a.eval_loss <= b.eval_loss ? a : b);
    assertEquals(losses.map(({ step }) => step), Array.from(losses, (_, i) => i + 1));
    assertEquals(state.global_step, best.step + 2, "two validations after the best one");
    assert(state.global_step < state.max_steps, "it did not end early");
    assertEquals(meta.steps, best.step);
    assertEquals(weights(dir), weights(join(dir, state.best_model_checkpoint)));
    assertStringIncludes(first.said.join("\n"), `with the weights of step ${best.step}`);

    bench.forget();
    const again = await bench.train({ ...params, evalSteps: 0, saveSteps: 100, logSteps: 7, saveTotalLimit: 1 });
    assertEquals(again.result!.targets.adapter.digest, digest);

    bench.forget();
    const stopAt = () => `checkpoint-${best.step + 1}` in bench.checkpoints();
    const stopped = await bench.train({ ...params, saveSteps: 1, saveTotalLimit: 1 }, { stopAt });
    assertEquals(stopped.result, undefined);
    const continued = await bench.train({ ...params, saveSteps: 1, saveTotalLimit: 1 });
    assertStringIncludes(continued.said.join("\n"), "going on from");
    assertEquals(continued.result!.targets.adapter.digest, digest);

    // A checkpoint without its best one cannot give the same result, so it is not used.
    bench.forget();
    await bench.train({ ...params, saveSteps: 1, saveTotalLimit: 1 }, { stopAt });
    Deno.removeSync(bench.checkpoints()[`checkpoint-${best.step}`]!, { recursive: true });
    const anew = await bench.train(params);
    assertStringIncludes(anew.said.join("\n"), `needs checkpoint-${best.step}, which is damaged`);
    assertEquals(anew.result!.targets.adapter.digest, digest);
  });
});

Deno.test("early stopping without validation rows is refused", async () => {
  await withFolder(async (folder) => {
    const build = () => ({
      adapter: small(folder, { earlyStopping: { patience: 1, everySteps: 1 } }, { validation: 0 }).adapter,
    });
    await assertRejects(() => run(folder, build), Error, "early stopping wants validation rows");
  });
});
