// The loop around the steps, with a trainer that computes nothing: what is read, saved and waited for, and when.
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { BatchOrder } from "../../../../datasets/tokens/batch_order.ts";
import { TokenReader } from "../../../../datasets/tokens/token_reader.ts";
import { TokenWriter } from "../../../../datasets/tokens/token_writer.ts";
import type { Progress } from "../../../../mod.ts";
import type { StepMetrics, StepTrainer } from "../../../../models/training/trainer.ts";
import { TrainingLog } from "../../../../pipeline/stages/training/training_log.ts";
import { runSteps } from "../../../../pipeline/stages/training/training_steps.ts";
import { withFolder } from "../running.ts";

const never = {
  learningRate: 1,
  warmupSteps: 0,
  schedule: "linear",
  minimumRatio: 0,
  evalSteps: 0,
  sampleSteps: 0,
} as const;

/** Runs twelve steps of two rows each. A step takes `stepMs`; its loss is `lossOf(step)`. */
async function runTwelve(
  options: { logSteps: number; saveSteps: number },
  { lossOf = () => 1, stepMs = 0, onStep = () => {}, onPart = () => {} }: {
    lossOf?: (step: number) => number;
    stepMs?: number;
    onStep?: (step: number, stop: () => void) => void;
    onPart?: (stop: () => void) => void;
  },
) {
  const saved: number[] = [];
  const told: Progress[] = [];
  const waits: number[] = []; // steps that each wait was for
  const controller = new AbortController();
  let fault: unknown;
  await withFolder(async (folder) => {
    for (const split of ["train", "validation"]) {
      using writer = new TokenWriter(folder, split);
      const row = { ids: Uint32Array.of(1, 2, 3), labelled: Uint8Array.of(0, 1, 1) };
      if (split === "train") { for (let i = 0; i < 6; i++) writer.append(row); }
      writer.finish();
    }
    using reader = new TokenReader(folder, "train", 10);
    using validation = new TokenReader(folder, "validation", 10);
    let taken = 0;
    let unread: StepMetrics[] = [];
    const stop = () => controller.abort(new DOMException("stopped", "AbortError"));
    const trainer = {
      accumulate: () => {},
      submit: async (tell: (share: number) => void) => {
        for (const share of [0.25, 0.5]) {
          onPart(stop);
          if (stepMs) await new Promise((resolve) => setTimeout(resolve, stepMs / 4));
          tell(share);
        }
      },
      step: () => {
        taken++;
        unread.push({ negativeLogLikelihood: lossOf(taken), gradientNorm: 1 });
        onStep(taken, stop);
      },
      readMetrics: async () => {
        waits.push(unread.length);
        const found = unread;
        unread = [];
        await new Promise((resolve) => setTimeout(resolve, stepMs * found.length));
        return found;
      },
    } as unknown as StepTrainer;
    const length = { steps: 12, stepsPerEpoch: 3, epochs: 4 };
    const training = {
      ...{ trainer, reader, validation, steps: 12, budget: 6, signal: controller.signal },
      order: new BatchOrder({ rows: 6, batchSize: 2, epochs: 4, seed: 1 }),
      history: new TrainingLog(join(folder, "log"), length),
      save: (step: number) => Promise.resolve(void saved.push(step)),
      answer: () => Promise.resolve([]),
      progress: (progress: Progress) => void told.push(progress),
    };
    try {
      assertEquals(await runSteps(training, { ...never, ...options }, 0), 12);
    } catch (error) {
      fault = error;
    }
  });
  return { saved, waits, fault, told };
}

Deno.test("a step whose loss is not finite is found before anything is saved after it, however seldom the log is written", async () => {
  const lossOf = (step: number) => step < 7 ? 1 : NaN;
  const { saved, fault } = await runTwelve({ logSteps: 200, saveSteps: 4 }, { lossOf });
  assert(fault instanceof Error);
  assertStringIncludes(fault.message, "training stopped at step 7: loss NaN");
  assertEquals(saved, [4]);
});

Deno.test("Ctrl-C saves the step at hand, but not one whose loss is not finite", async () => {
  const onStep = (step: number, stop: () => void) => {
    if (step === 7) stop();
  };
  const good = await runTwelve({ logSteps: 200, saveSteps: 4 }, { onStep });
  assertEquals(String(good.fault), "AbortError: stopped");
  assertEquals(good.saved, [4, 7]);
  const bad = await runTwelve({ logSteps: 200, saveSteps: 4 }, { onStep, lossOf: (step) => step < 6 ? 1 : Infinity });
  assertStringIncludes(String(bad.fault), "training stopped at step 6");
  assertEquals(bad.saved, [4]);
});

Deno.test("slow steps are waited for a few at a time, so that Ctrl-C is obeyed soon; quick ones are not", async () => {
  const { waits } = await runTwelve({ logSteps: 200, saveSteps: 200 }, {});
  assertEquals(waits[0], 1, "the first, to learn how long it takes");
  assert(waits.length <= 4, `waits for ${waits} steps`);
  const slow = await runTwelve({ logSteps: 200, saveSteps: 200 }, { stepMs: 400 });
  assert(slow.waits.every((steps) => steps <= 5), `waits for ${slow.waits} steps of 400 ms`);
});

Deno.test("the progress tells which part of a step is done, and after Ctrl-C how long the step still takes", async () => {
  const parts = (told: readonly Progress[]) => told.filter(({ done }) => !Number.isInteger(done));
  const whole = await runTwelve({ logSteps: 200, saveSteps: 200 }, {});
  assertEquals(parts(whole.told).slice(0, 4).map(({ done, total }) => [done, total]), [
    [0.25, 12],
    [0.5, 12],
    [1.25, 12],
    [1.5, 12],
  ]);
  assert(whole.told.every(({ endsInMs }) => endsInMs === undefined));
  let calls = 0;
  const onPart = (stop: () => void) => {
    if (++calls === 6) stop(); // within the third step
  };
  const stopped = await runTwelve({ logSteps: 200, saveSteps: 200 }, { stepMs: 80, onPart });
  assertEquals(stopped.saved, [3], "the step was finished");
  const ends = stopped.told.filter(({ endsInMs }) => endsInMs !== undefined);
  assertEquals(ends.map(({ done }) => done), [2.5]);
  assert(ends[0]!.endsInMs! >= 20, "half of the step took 40 ms at the least");
});
