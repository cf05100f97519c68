// Child of test_drivers.ts: takes a training step and decodes a token with layers of LLaMA's sizes, with subgroups and
// without, and saves every shader compiled on the way, with the constants that real models give them.
import { openDevice } from "../../kernels/gpu/device.ts";
import { selfCheck } from "../../kernels/self_check/self_check.ts";
import { BENCH_CONFIGS } from "../../tasks/bench/configs.ts";
import { BENCH_BITS } from "../../tasks/bench/run.ts";
import { benchDecode } from "../../tasks/bench/decode.ts";
import { benchStep } from "../../tasks/bench/steps.ts";
import { saveShaders } from "../kernels/harness.ts";

for (const subgroups of [true, false]) {
  const device = await openDevice({ subgroups });
  await selfCheck(device);
  for (const name of ["S", "llama-7b"] as const) {
    const { model } = BENCH_CONFIGS[name];
    const { headSize } = model;
    // Two layers of two heads: the constants of a shader depend on the head's size, not on the width.
    const small = { hiddenSize: 2 * headSize, intermediateSize: 4 * headSize, heads: 2, keyValueHeads: 2 };
    const config = { model: { ...model, ...small, layers: 2, vocabularySize: 512 }, rows: 2, rowTokens: 80 };
    for (const bits of BENCH_BITS) {
      await benchStep(device, config, bits, { steps: 1, memory: 1e9, repeatMs: 1 });
    }
  }
  await benchDecode(device, BENCH_CONFIGS.quickstart.model, 8);
  saveShaders(device);
  device.close();
}
Deno.exit();
