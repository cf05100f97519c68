// A training that is stopped and started again ends as if it had never been stopped.
import { assert, assertEquals, assertNotEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { readAdapter } from "../../../models/formats/adapter/adapter.ts";
import { withFolder } from "./running.ts";
import { Bench } from "./small_training.ts";

/** Of 9 rows a step: enough to add up, and half as many as {@linkcode Bench} has by itself. */
const twoMicroBatches = { microBatchSize: 5 };

const weights = (dir: string) => Deno.readFileSync(join(dir, "adapter_model.safetensors"));

/** The log without what differs from run to run. */
function logOf(dir: string): Record<string, unknown>[] {
  const lines = Deno.readTextFileSync(join(dir, "trainer_log.jsonl")).trim().split("\n");
  return lines.map((line) => {
    const { elapsed: _, tokens_per_second: __, ...rest } = JSON.parse(line);
    return rest;
  });
}

const stateOf = (dir: string) => JSON.parse(Deno.readTextFileSync(join(dir, "trainer_state.json")));

Deno.test("a training stopped several times goes on by itself: weights, moments and log equal an unbroken run's", async () => {
  await withFolder(async (folder) => {
    const bench = new Bench(folder, twoMicroBatches);
    const has = (name: string) => () => name in bench.checkpoints();
    const moments = () => Deno.readFileSync(join(bench.checkpoints()["checkpoint-10"]!, "optimizer.safetensors"));

    // Most checkpoints fall between two lines of the log, so that the steps since the last line must be kept as well.
    // Unbroken until step 10, where the moments can be seen, and from there to the end.
    await bench.train({ logSteps: 5, evalSteps: 6, saveSteps: 10 }, { stopAt: has("checkpoint-10") });
    const unbrokenMoments = moments();
    Deno.removeSync(join(folder, "cache/scratch"), { recursive: true });
    const unbroken = await bench.finish({ logSteps: 5, evalSteps: 6, saveSteps: 12 });
    const wanted = { weights: weights(unbroken), log: logOf(unbroken), state: stateOf(unbroken) };
    bench.forget();

    const often = { logSteps: 5, evalSteps: 6 };
    const first = await bench.train(often, { stopAt: has("checkpoint-2") });
    assertEquals(first.result, undefined);
    assert(first.said.some((line) => /checkpoint-\d+ is kept: the same command goes on/.test(line)), `${first.said}`);
    const second = await bench.train(often, { stopAt: has("checkpoint-6") });
    assertStringIncludes(second.said.join("\n"), "going on from checkpoint-");
    await bench.train({ ...often, saveSteps: 5 }, { stopAt: has("checkpoint-10") });
    assertEquals(moments(), unbrokenMoments);
    const continued = await bench.finish(often);

    assertEquals(weights(continued), wanted.weights);
    assertEquals(logOf(continued), wanted.log);
    const { best_metric, global_step, train_loss, num_tokens } = stateOf(continued);
    const { state } = wanted;
    assertEquals({ best_metric, global_step, train_loss, num_tokens }, {
      best_metric: state.best_metric,
      global_step: state.global_step,
      train_loss: state.train_loss,
      num_tokens: state.num_tokens,
    });
    const elapsed = stateOf(continued).log_history.map((line: { elapsed: number }) => line.elapsed);
    assertEquals(elapsed, [...elapsed].sort((a, b) => a - b));
    assertEquals([...Deno.readDirSync(join(folder, "cache/scratch/train"))], []);
  });
});

Deno.test("no interval changes the result: log, validation, checkpoints, samples", async () => {
  await withFolder(async (folder) => {
    const bench = new Bench(folder, twoMicroBatches);
    const results: { digest: string; weights: Uint8Array }[] = [];
    for (
      const settings of [
        { logSteps: 1, evalSteps: 1, saveSteps: 1, saveTotalLimit: 1, sampleSteps: 5 },
        { logSteps: 7, evalSteps: 0, saveSteps: 100 },
        { logSteps: 200, evalSteps: 5, saveSteps: 3, saveTotalLimit: 10 },
      ]
    ) {
      const { result, said } = await bench.train(settings);
      const samples = logOf(result!.targets.adapter.dir).filter((line) => "samples" in line);
      assertEquals(samples.map(({ step }) => step), "sampleSteps" in settings ? [5, 10] : []);
      for (const { samples: answers } of samples) {
        const [first] = answers as { instruction: string; answer: string }[];
        assert(first);
        assert(said.includes(`info ${first.instruction} -> ${first.answer}`), `${said}`);
      }
      results.push({ digest: result!.targets.adapter.digest, weights: weights(result!.targets.adapter.dir) });
      bench.forget();
    }
    assertEquals(results[1], results[0]);
    assertEquals(results[2], results[0]);
  });
});

Deno.test("a torn or damaged checkpoint is passed over for the one before it, and the result is the same", async () => {
  await withFolder(async (folder) => {
    const bench = new Bench(folder, twoMicroBatches);
    const wanted = weights(await bench.finish());
    const damages: Record<string, (dir: string) => void> = {
      "a file cut short": (dir) => Deno.truncateSync(join(dir, "optimizer.safetensors"), 500),
      "a flipped bit": (dir) => {
        const path = join(dir, "optimizer.safetensors");
        const bytes = Deno.readFileSync(path);
        bytes[bytes.length - 7]! ^= 1;
        Deno.writeFileSync(path, bytes);
      },
      "no manifest": (dir) => Deno.removeSync(join(dir, "checkpoint.json")),
      "a torn manifest": (dir) => Deno.truncateSync(join(dir, "checkpoint.json"), 40),
    };
    bench.forget();
    await bench.train({ evalSteps: 0 }, { stopAt: () => "checkpoint-6" in bench.checkpoints() });
    const restore = bench.keepCheckpoints();
    for (const [what, damage] of Object.entries(damages)) {
      restore();
      const before = Object.keys(bench.checkpoints()).map((name) => Number(name.slice(11))).sort((a, b) => b - a);
      const [newest, previous] = before;
      damage(bench.checkpoints()[`checkpoint-${newest}`]!);
      const { result, said } = await bench.train({ evalSteps: 0 });
      assertStringIncludes(said.join("\n"), `warn checkpoint-${newest} is damaged`, what);
      assertStringIncludes(said.join("\n"), `going on from checkpoint-${previous} `, what);
      assertEquals(weights(result!.targets.adapter.dir), wanted, what);
      bench.forget();
    }

    restore();
    for (const dir of Object.values(bench.checkpoints())) Deno.removeSync(join(dir, "optimizer.safetensors"));
    const { result, said } = await bench.train();
    assertStringIncludes(said.join("\n"), "training starts anew");
    assertEquals(weights(result!.targets.adapter.dir), wanted);
  });
});

Deno.test("other params are another training: it starts anew and says what differs; settings are not", async () => {
  await withFolder(async (folder) => {
    const bench = new Bench(folder, twoMicroBatches);
    const finished = weights(await bench.finish({ maxSteps: 5 }));
    const stopAt = () => "checkpoint-2" in bench.checkpoints();
    await bench.train({}, { stopAt });
    const other = await bench.train({ seed: 8, maxSteps: 5 });
    assert(!other.said.some((line) => line.includes("going on")), `${other.said}`);
    const start = other.events.find((event) => event.type === "stage-start" && event.stage === "train");
    assert(start?.type === "stage-start");
    assertStringIncludes(start.because, "seed 42 -> 8");
    assertNotEquals(weights(other.result!.targets.adapter.dir), finished);
    const again = await bench.train({ logSteps: 3, saveSteps: 4, saveTotalLimit: 1, sampleSteps: 6 });
    assertStringIncludes(again.said.join("\n"), "going on from checkpoint-");
  });
});

Deno.test("a checkpoint of another device is taken up with a warning, and the result names both", async () => {
  await withFolder(async (folder) => {
    const bench = new Bench(folder, twoMicroBatches);
    await bench.train({}, { stopAt: () => "checkpoint-2" in bench.checkpoints() });
    for (const dir of Object.values(bench.checkpoints())) {
      const device = join(dir, "device.json");
      const record = JSON.parse(Deno.readTextFileSync(device));
      assertEquals(record.devices, [record.adapter.description]);
      Object.assign(record, { devices: ["Voodoo 2"], adapter: { ...record.adapter, description: "Voodoo 2" } });
      Deno.writeTextFileSync(device, JSON.stringify(record));
      const manifest = JSON.parse(Deno.readTextFileSync(join(dir, "checkpoint.json")));
      const bytes = Deno.readFileSync(device);
      const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
      Object.assign(manifest.files.find(({ path }: { path: string }) => path === "device.json"), {
        size: bytes.length,
        sha256: hash,
      });
      Deno.writeTextFileSync(join(dir, "checkpoint.json"), JSON.stringify(manifest));
    }
    const { said, result } = await bench.train();
    assertStringIncludes(said.join("\n"), "warn the checkpoint was made on another device (Voodoo 2; this is");
    // Manifest and lock name both: it cannot be had again to the bit by one of them.
    const { device } = JSON.parse(Deno.readTextFileSync(join(result!.targets.adapter.dir, "../manifest.json")));
    assert(/^Voodoo 2 \+ ./.test(device), device);
  });
});

Deno.test("the kept checkpoints are adapters beside the result, the best of them named", async () => {
  await withFolder(async (folder) => {
    const bench = new Bench(folder, twoMicroBatches);
    const { result } = await bench.train({ evalSteps: 2, saveSteps: 5, saveTotalLimit: 1, learningRate: 0.05 });
    const { dir, files } = result!.targets.adapter;
    const state = stateOf(dir);
    const evaluations = state.log_history.filter((line: object) => "eval_loss" in line) as {
      step: number;
      eval_loss: number;
    }[];
    const best = evaluations.reduce((a, b) => a.eval_loss <= b.eval_loss ? a : b);
    assertEquals(state.best_metric, best.eval_loss);
    assertEquals(state.best_model_checkpoint, `checkpoint-${best.step}`);
    const names = new Set(files.filter((file) => file.includes("/")).map((file) => file.split("/")[0]!));
    assert(names.has(`checkpoint-${best.step}`));
    assert(names.size <= 2, [...names].join());
    for (const name of names) {
      assertEquals((await readAdapter(join(dir, name))).rank, 3);
      assertEquals(stateOf(join(dir, name)).global_step, Number(name.slice(11)));
    }
  });
});
