// The settings that messages and documentation advise: memory_plan.ts and training_fault.ts (tokens of a micro-batch, memory),
// training_run.ts and train.ts (warm-up, steps, learning rate), README (saving, samples, early stopping, --no-autotune).
import { assertEquals } from "@std/assert";
import { flagsOf, kebabCase } from "../../../tasks/cli/options/flags.ts";
import chineseVicuna from "../../../pipeline/recipes/chinese_vicuna.ts";
import pretrain from "../../../pipeline/recipes/pretrain.ts";
import pretrainTiny from "../../../pipeline/recipes/pretrain_tiny.ts";
import quickstart from "../../../pipeline/recipes/quickstart.ts";

const EVERYWHERE = [
  ...["maxTokens", "microBatchSize", "batchSize", "epochs", "maxSteps", "learningRate", "warmupSteps", "gpuMemory"],
  ...["autotune", "logSteps", "evalSteps", "saveSteps", "saveTotalLimit", "earlyStoppingPatience", "seed"],
];

for (const [name, { options }] of Object.entries({ quickstart, chineseVicuna, pretrain, pretrainTiny })) {
  Deno.test(`${name} has the settings that advice mentions`, () => {
    const wanted = name === "pretrainTiny" ? EVERYWHERE : [...EVERYWHERE, "sampleSteps"]; // plain text asks for nothing
    assertEquals(wanted.filter((field) => !(field in options.shape)), []);
  });
}

// Names of alpaca-lora's and transformers' flags: the aliases of every recipe (flags.ts makes flags of them).
Deno.test("chinese_vicuna takes alpaca-lora's names", () => {
  const known = new Set(flagsOf(chineseVicuna.options).flatMap(({ name, aliases }) => [name, ...aliases]));
  const theirs = [
    ...["base_model", "data_path", "batch_size", "micro_batch_size", "num_epochs", "learning_rate", "cutoff_len"],
    ...["val_set_size", "lora_r", "lora_alpha", "lora_dropout", "lora_target_modules", "train_on_inputs"],
    ...["resume_from_checkpoint", "prompt_template_name"],
  ].map(kebabCase);
  assertEquals(theirs.filter((name) => !known.has(name)), []);
});

Deno.test("a training without held-out rows is wired without a report of them", () => {
  const options = { baseModel: "model", data: ["rows.json"], validation: 0 };
  const targets = (given: object) => Object.keys(chineseVicuna.build(chineseVicuna.options.parse(given)) as object);
  assertEquals(targets(options), ["adapter"]);
  assertEquals(targets({ ...options, validation: 1 }), ["adapter", "report"]);
  assertEquals(targets({ ...options, tasks: ["answers:items.json"] }), ["adapter", "report"]);
});
