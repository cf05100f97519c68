// Flags of alpaca-lora, Chinese-Vicuna and transformers that have no counterpart under a name of ours, and what to do instead.

/** What is said of a flag, in both languages. */
interface Answer {
  readonly en: string;
  readonly zh: string;
}

const noTracking: Answer = {
  en: "nothing is sent anywhere; trainer_log.jsonl and the page of `serve` show the run",
  zh: "不会向任何地方上传；训练过程见 trainer_log.jsonl 与 serve 的网页",
};
const oneDevice: Answer = {
  en: "a training uses one GPU, and needs no launcher",
  zh: "训练使用一块 GPU，不需要启动器",
};
const kernelsChoose: Answer = {
  en: "there is no such choice: products are float32, and --bits says how the base is kept",
  zh: "没有此选项：计算用 float32，基座的存储位数由 --bits 指定",
};

const ANSWERS: Readonly<Record<string, Answer>> = {
  "group-by-length": {
    en: "rows are packed without padding, so there is nothing to group",
    zh: "各行不填充地打包，无需按长度分组",
  },
  "add-eos-token": { en: "an answer always ends with the end token", zh: "回答总以结束 token 收尾" },
  "wandb-project": noTracking,
  "wandb-run-name": noTracking,
  "wandb-watch": noTracking,
  "wandb-log-model": noTracking,
  "wandb": noTracking,
  "report-to": noTracking,
  "ddp": oneDevice,
  "ddp-find-unused-parameters": oneDevice,
  "local-rank": oneDevice,
  "device-map": oneDevice,
  "load-in-8bit": { en: "write --bits 8, the default", zh: "请写 --bits 8（默认即是）" },
  "load-8bit": { en: "write --bits 8, the default", zh: "请写 --bits 8（默认即是）" },
  "load-in-4bit": { en: "write --bits 4", zh: "请写 --bits 4" },
  "fp16": kernelsChoose,
  "bf16": kernelsChoose,
  "gradient-accumulation-steps": {
    en: "write --batch-size, the rows of an optimizer step; --micro-batch-size says how many are computed at once",
    zh: "请用 --batch-size 指定每个优化步的行数；--micro-batch-size 指定一次计算多少",
  },
  "per-device-train-batch-size": {
    en: "write --micro-batch-size; --batch-size is the rows of an optimizer step",
    zh: "请用 --micro-batch-size；--batch-size 是每个优化步的行数",
  },
  "warmup-ratio": { en: "write --warmup-steps, a number of steps", zh: "请用 --warmup-steps 指定步数" },
  "ignore-data-skip": {
    en: "the same command goes on from its newest checkpoint by itself",
    zh: "同一命令会自动从最新的检查点继续",
  },
};

/** What to do instead of a flag that other programs have; undefined for one that is not known. */
export function answerToForeign(name: string, language: "en" | "zh"): string | undefined {
  return Object.hasOwn(ANSWERS, name) ? ANSWERS[name]![language] : undefined;
}
