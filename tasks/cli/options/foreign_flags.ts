// Flags of alpaca-lora, Chinese-Vicuna and transformers that have no counterpart under a name of ours, and what to do instead.
import type { Messages } from "../messages.ts";

/** What is said of each, by its name among the messages. */
const ANSWERS: Readonly<Record<string, keyof Messages["foreign"]>> = {
  "group-by-length": "packed",
  "add-eos-token": "endsItself",
  "wandb-project": "noTracking",
  "wandb-run-name": "noTracking",
  "wandb-watch": "noTracking",
  "wandb-log-model": "noTracking",
  "wandb": "noTracking",
  "report-to": "noTracking",
  "ddp": "oneDevice",
  "ddp-find-unused-parameters": "oneDevice",
  "local-rank": "oneDevice",
  "device-map": "oneDevice",
  "load-in-8bit": "bits8",
  "load-8bit": "bits8",
  "load-in-4bit": "bits4",
  "fp16": "kernelsChoose",
  "bf16": "kernelsChoose",
  "gradient-accumulation-steps": "batchSize",
  "per-device-train-batch-size": "microBatchSize",
  "warmup-ratio": "warmupSteps",
  "ignore-data-skip": "goesOn",
};

/** What to do instead of a flag that other programs have; undefined for one that is not known. */
export function answerToForeign(name: string, messages: Messages): string | undefined {
  return Object.hasOwn(ANSWERS, name) ? messages.foreign[ANSWERS[name]!] : undefined;
}
