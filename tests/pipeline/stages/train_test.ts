import { assert, assertEquals, assertNotEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { readAdapter } from "../../../models/formats/adapter/adapter.ts";
import { evaluate } from "../../../pipeline/stages/evaluate.ts";
import { pipeline, type PipelineEvent, planPipeline, z } from "../../../pipeline/core/mod.ts";
import type { TrainParams } from "../../../pipeline/stages/train.ts";
import { run, withFolder } from "./running.ts";
import { small } from "./small_training.ts";

const bytes = (dir: string) => Deno.readFile(join(dir, "adapter_model.safetensors"));

Deno.test("train learns, evaluate measures it, and neither the log nor a second device session changes a byte of the adapter", async () => {
  await withFolder(async (folder) => {
    const build = (params: TrainParams) => () => {
      const { base, tokens, adapter } = small(folder, params);
      return { adapter, report: evaluate({ base, adapter, tokens, samples: 2, maxNewTokens: 4 }) };
    };
    const first = await run(folder, build({ logSteps: 2, evalSteps: 3 }));
    const adapter = await readAdapter(first.targets.adapter.dir);
    assertEquals(adapter.rank, 3);
    assertEquals(adapter.tensors.length, 6);
    for (const { b, layer, target } of adapter.tensors) {
      assert(b.some((value) => value !== 0), `B of layer ${layer} ${target} is zero`);
    }

    const { evalLossBefore, evalLossAfter } = first.targets.report.meta;
    assert((evalLossAfter as number) < (evalLossBefore as number), `loss ${evalLossBefore} -> ${evalLossAfter}`);
    const results = JSON.parse(await Deno.readTextFile(join(first.targets.report.dir, "results.json")));
    assertEquals(results.after.perplexity, Math.exp(results.after.eval_loss));
    assertEquals(results.samples.length, 2);
    const state = JSON.parse(await Deno.readTextFile(join(first.targets.adapter.dir, "trainer_state.json")));
    assertEquals(state.global_step, 6);
    assertEquals(state.log_history.filter((line: { eval_loss?: number }) => line.eval_loss !== undefined).length, 2);
    // The validation in training and the evaluation afterwards are the same measurement.
    assert(Math.abs(state.log_history.at(-1).eval_loss - results.after.eval_loss) < 1e-4);
    const lines = (await Deno.readTextFile(join(first.targets.adapter.dir, "trainer_log.jsonl"))).trim().split("\n");
    assertEquals(lines.map((line) => JSON.parse(line)), state.log_history);

    const other = await run(
      join(folder, "other"),
      () => ({ adapter: small(folder, { logSteps: 5, evalSteps: 0 }).adapter }),
    );
    assertEquals(await bytes(other.targets.adapter.dir), await bytes(first.targets.adapter.dir));
    const seeded = await run(folder, () => ({ adapter: small(folder, { seed: 7 }).adapter }));
    assertNotEquals(await bytes(seeded.targets.adapter.dir), await bytes(first.targets.adapter.dir));
  });
});

// Few steps and a long warm-up: schedule.ts, training_run.ts (for adapters and for all weights), and what is said of
// matrices that stay as they were (train.ts).
Deno.test("train learns in a single step, since a warm-up that has no room is shortened, and says so", async () => {
  await withFolder(async (folder) => {
    const said: string[] = [];
    const build = () => ({ adapter: small(folder, { maxSteps: 1, warmupSteps: 100, evalSteps: 0 }).adapter });
    const { targets } = await run(folder, build, (event) => {
      if (event.type === "stage-log" && event.level === "warn") said.push(event.message);
    });
    assertStringIncludes(said.join(), "the warm-up is 0 steps instead of 100: there are only 1 in all");
    const { tensors } = await readAdapter(targets.adapter.dir);
    for (const { b, layer, target } of tensors) assert(b.some((value) => value !== 0), `layer ${layer} ${target}`);
  });
});

Deno.test("train warns of projections that a training left as they were, and says why", async () => {
  await withFolder(async (folder) => {
    const said: string[] = [];
    const build = () => ({ adapter: small(folder, { maxSteps: 1, learningRate: 1e-45, warmupSteps: 0 }).adapter });
    const { targets } = await run(folder, build, (event) => {
      if (event.type === "stage-log" && event.level === "warn") said.push(event.message);
    });
    assertEquals(targets.adapter.meta.steps, 1);
    assertStringIncludes(said.join(), "training left 6 matrices B at zero");
    assertStringIncludes(said.join(), "After 1 steps that is so where the learning rate was 0");
  });
});

Deno.test("train stops when the loss is no longer a number, names the rows, and publishes nothing", async () => {
  await withFolder(async (folder) => {
    const error = await assertRejects(
      () =>
        run(folder, () => ({ adapter: small(folder, { learningRate: 1e30, warmupSteps: 0, logSteps: 1 }).adapter })),
      Error,
      "training stopped at step",
    );
    assertStringIncludes(error.message, "rows of the step");
    const published = await Array.fromAsync(Deno.readDir(join(folder, "cache", "store", "train"))).catch(() => []);
    assertEquals(published, []);
  });
});

Deno.test("train refuses rows longer than the model's positions, evaluate a run without validation rows", async () => {
  await withFolder(async (folder) => {
    await assertRejects(
      () => run(folder, () => ({ adapter: small(folder, {}, { maxPositions: 32 }).adapter })),
      Error,
      "32 positions",
    );
    await assertRejects(
      () =>
        run(folder, () => {
          const { base, tokens, adapter } = small(folder, {}, { validation: 0 });
          return { report: evaluate({ base, adapter, tokens }) };
        }),
      Error,
      "validation rows",
    );
  });
});

Deno.test("a plan tells the memory of a training before anything is computed, and the training takes as much", async () => {
  await withFolder(async (folder) => {
    const build = () => ({ adapter: small(folder, { maxSteps: 2 }).adapter });
    const definition = pipeline({ name: "test", options: z.object({}), build });
    const { stages } = await planPipeline(definition, { cacheDir: join(folder, "cache") });
    const planned = stages.find(({ stage }) => stage === "train");
    assert(planned?.status === "waits");
    const events: PipelineEvent[] = [];
    await run(folder, build, (event) => events.push(event));
    const told = events.find((event) => event.type === "stage-memory");
    assert(told !== undefined && told.memory.total > 1e6);
    assertEquals(told.memory.categories, planned.expects.memory?.categories);
  });
});

Deno.test("train says what to lower when the memory does not suffice, before it loads anything", async () => {
  await withFolder(async (folder) => {
    const build = () => ({ adapter: small(folder, { gpuMemory: 0.001 }).adapter });
    const error = await assertRejects(() => run(folder, build), Error, "of GPU memory, all layers recomputed");
    assertStringIncludes(error.message, "a micro-batch of 96 tokens instead of 192 saves");
  });
});

Deno.test("an adapter of the highest layers is written as PEFT writes it, evaluated, and does not depend on the memory", async () => {
  await withFolder(async (folder) => {
    const lora = { rank: 3, alpha: 6, targets: ["q_proj" as const], layers: 1 };
    const build = (params: TrainParams) => () => {
      const { base, tokens, adapter } = small(folder, { lora, ...params });
      return { adapter, report: evaluate({ base, adapter, tokens, samples: 1, maxNewTokens: 2 }) };
    };
    const { targets } = await run(folder, build({}));
    const config = JSON.parse(await Deno.readTextFile(join(targets.adapter.dir, "adapter_config.json")));
    assertEquals(config.layers_to_transform, [1]);
    const { layers, tensors } = await readAdapter(targets.adapter.dir);
    assertEquals([layers, tensors.length], [1, 1]);
    assert((targets.report.meta.evalLossAfter as number) !== targets.report.meta.evalLossBefore);
  });
});
