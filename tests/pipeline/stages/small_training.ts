import { cpSync } from "node:fs";
import { join } from "@std/path";
import type { PipelineEvent, Ref, RunResult } from "../../../pipeline/core/mod.ts";
import type * as kinds from "../../../pipeline/stages/kinds.ts";
import { belle } from "../../../pipeline/stages/sources.ts";
import { merge } from "../../../pipeline/stages/merge.ts";
import { randomModel } from "../../../pipeline/stages/models.ts";
import { quantize } from "../../../pipeline/stages/quantize.ts";
import { tokenize } from "../../../pipeline/stages/tokens/tokenize.ts";
import { train, type TrainParams } from "../../../pipeline/stages/train.ts";
import { run, writeRows } from "./running.ts";

/** Sums in words: enough for a tiny model to learn something of in a few steps. */
function sampleRows(folder: string): string {
  const rows = Array.from({ length: 40 }, (_, i) => ({
    instruction: `${i % 7} 加 ${i % 5} 等于几？ (${i})`,
    input: "",
    output: `答案是 ${i % 7 + i % 5}。`,
  }));
  return writeRows(folder, "rows.jsonl", rows);
}

/** A pipeline on a tiny model, with these params for training. */
export function small(
  folder: string,
  params: TrainParams,
  options: { maxPositions?: number; validation?: number; resumeAdapter?: Ref<typeof kinds.adapter> } = {},
): { base: Ref<typeof kinds.base>; tokens: Ref<typeof kinds.tokens>; adapter: Ref<typeof kinds.adapter> } {
  const { maxPositions = 128, validation = 6, resumeAdapter } = options;
  const data = merge({ sources: [belle(sampleRows(folder))], validation, seed: 1 });
  const model = randomModel({
    data,
    vocabularySize: 420,
    hiddenSize: 16,
    intermediateSize: 28,
    layers: 2,
    heads: 2,
    maxPositions,
    initializerRange: 0.2,
  });
  const base = quantize({ model });
  const tokens = tokenize({ data, tokenizer: base.tokenizer, maxTokens: 96 });
  const adapter = train({
    base,
    tokens,
    resumeAdapter,
    lora: { rank: 3, alpha: 6, targets: ["q_proj", "v_proj", "down_proj"] },
    batchSize: 7,
    microBatchSize: 2,
    warmupSteps: 1,
    maxSteps: 6,
    learningRate: 0.02,
    ...params,
  });
  return { base, tokens, adapter };
}

/** A training of three epochs: 4 steps each, of 9 rows in several micro-batches, the last one of 7; with dropout. */
const threeEpochs: TrainParams = { maxSteps: 0, epochs: 3, batchSize: 9, logSteps: 1, evalSteps: 3, saveSteps: 2 };

/** How a run of {@linkcode Bench.train} went. */
export interface Trained {
  /** Absent if it was stopped. */
  readonly result: RunResult<{ adapter: Ref<typeof kinds.adapter> }> | undefined;
  /** What the stage said, warnings begin with "warn ". */
  readonly said: readonly string[];
  readonly events: readonly PipelineEvent[];
}

/** Trains again and again with one cache, in which only the results of training are ever thrown away. */
export class Bench {
  /** @param usual params of every training, where it gives none of its own */
  constructor(readonly folder: string, readonly usual: TrainParams = {}) {}

  /** Runs a training; stops it, as Ctrl-C does, once `stopAt` says so, which is asked all the time. */
  async train(
    params: TrainParams = {},
    options: {
      stopAt?: () => boolean;
      resumeAdapter?: Ref<typeof kinds.adapter>;
      onEvent?: (event: PipelineEvent) => void;
    } = {},
  ): Promise<Trained> {
    const events: PipelineEvent[] = [];
    const controller = new AbortController();
    const stop = new DOMException("stopped", "AbortError");
    const timer = setInterval(() => options.stopAt?.() && controller.abort(stop), 1);
    const build = () => ({
      adapter: small(this.folder, { ...threeEpochs, ...this.usual, ...params }, { ...options, validation: 6 }).adapter,
    });
    let result: Trained["result"];
    try {
      result = await run(this.folder, build, (event) => {
        events.push(event);
        options.onEvent?.(event);
      }, controller.signal);
    } catch (error) {
      if (error !== stop) throw error;
    } finally {
      clearInterval(timer);
    }
    const said = events.flatMap((event) =>
      event.type === "stage-log" && event.stage === "train" ? [`${event.level} ${event.message}`] : []
    );
    return { result, said, events };
  }

  /** Runs a training that must end, and gives the folder of its result. */
  async finish(params: TrainParams = {}): Promise<string> {
    const { result } = await this.train(params);
    if (!result) throw new Error("the training was stopped");
    return result.targets.adapter.dir;
  }

  /** Forgets all results of training; checkpoints of stopped ones stay. */
  forget(): void {
    Deno.removeSync(join(this.folder, "cache/store/train"), { recursive: true });
  }

  /** Keeps a copy of the stopped trainings' checkpoints; the function that it gives brings them back as they are now. */
  keepCheckpoints(): () => void {
    const [scratch, copy] = [join(this.folder, "cache/scratch"), join(this.folder, "kept")];
    cpSync(scratch, copy, { recursive: true });
    return () => {
      Deno.removeSync(scratch, { recursive: true });
      cpSync(copy, scratch, { recursive: true });
    };
  }

  /** Folders of the checkpoints of trainings that were stopped, by name. */
  checkpoints(): Record<string, string> {
    const found: Record<string, string> = {};
    const root = join(this.folder, "cache/scratch/train");
    try {
      for (const { name: key } of Deno.readDirSync(root)) {
        for (const { name } of Deno.readDirSync(join(root, key))) {
          if (name.startsWith("checkpoint-")) found[name] = join(root, key, name);
        }
      }
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
    return found;
  }
}
