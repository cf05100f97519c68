import type { Device } from "../../kernels/device.ts";
import type { WeightBits } from "../../kernels/weight.ts";
import type { LlamaConfig } from "../../models/formats/config.ts";
import { Generator } from "../../models/generation/generator.ts";
import { syntheticBase } from "./synthetic.ts";

/** How fast text is generated. */
export interface DecodeResult {
  /** One after the other, each with a read-back of its logits. */
  readonly tokens_per_second: number;
  /** Tokens of the prompt a second, computed together. */
  readonly prompt_tokens_per_second: number;
}

const promptTokens = 128;
const newTokens = 32;
const repeats = 3;

/** Measures greedy generation after a prompt of 128 tokens. */
export async function benchDecode(device: Device, model: LlamaConfig, bits: WeightBits): Promise<DecodeResult> {
  const { base, close } = await syntheticBase(device, model, bits);
  const generator = new Generator(device, base, promptTokens + newTokens);
  const prompt = Array.from({ length: promptTokens }, (_, i) => Math.imul(i, 7919) % model.vocabularySize);
  let [promptMs, tokenMs] = [Infinity, Infinity];
  try {
    for (let repeat = 0; repeat < repeats; repeat++) {
      let before = performance.now();
      let made = 0;
      const options = { maxNewTokens: newTokens, seed: 0, stopIds: [], temperature: 0, topP: 1, topK: 0 };
      for await (const _ of generator.generate(prompt, options)) {
        const now = performance.now();
        // The first new token comes from the prompt's own pass.
        if (made === 0) promptMs = Math.min(promptMs, now - before);
        if (made === 0) before = now;
        else if (made === newTokens - 1) tokenMs = Math.min(tokenMs, (now - before) / made);
        made++;
      }
    }
    return { tokens_per_second: 1000 / tokenMs, prompt_tokens_per_second: promptTokens / promptMs * 1000 };
  } finally {
    generator.close();
    close();
  }
}
