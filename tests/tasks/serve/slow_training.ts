import { defineStage, kind, pipeline, runPipeline, z } from "../../../mod.ts";

/** A run whose one stage is called like a training, and writes what the test wants when the test wants it. */
export interface SlowTraining {
  /** Adds text to the log, and tells how many of ten steps are done. */
  tell(log: string, done: number): Promise<void>;
  /** Ends the run. */
  end(): Promise<void>;
}

/** Starts a run in a cache. */
export function startTraining(cacheDir: string): SlowTraining {
  const { promise: until, resolve: stop } = Promise.withResolvers<void>();
  const { promise: begun, resolve: begin } = Promise.withResolvers<SlowTraining["tell"]>();
  const train = defineStage({
    name: "train",
    version: 1,
    inputs: {},
    params: z.object({}),
    output: kind()("adapter"),
    async run({ output, progress }) {
      const path = output.volatile("trainer_log.jsonl");
      begin(async (log, done) => {
        await Deno.writeTextFile(path, log, { append: true });
        progress({ done, total: 10, unit: "steps" });
      });
      await until;
      return {};
    },
  });
  const slow = pipeline({ name: "slow", options: z.object({}), build: () => ({ adapter: train({}) }) });
  const running = runPipeline(slow, { cacheDir });
  return {
    tell: async (log, done) => await (await begun)(log, done),
    end: async () => {
      stop();
      await running;
    },
  };
}
