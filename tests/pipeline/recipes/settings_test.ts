// The settings that messages and documentation advise: memory_plan.ts and training_fault.ts (tokens of a micro-batch, memory),
// training_run.ts and train.ts (warm-up, steps, learning rate), README (saving, samples, early stopping, --no-autotune).
import { assertEquals } from "@std/assert";
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
