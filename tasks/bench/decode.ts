import type { Device } from "../../kernels/gpu/device.ts";
import type { WeightBits } from "../../kernels/weight/weight.ts";
import type { LlamaConfig } from "../../models/formats/config.ts";
import { mostSteps } from "../../models/generation/decode_run.ts";
import { Decoder, type RunRow } from "../../models/generation/decoder.ts";
import { syntheticBase } from "./synthetic.ts";

/** How fast text is generated. */
export interface DecodeResult {
  /** Tokens of a prompt a second, computed together. */
  readonly prompt_tokens_per_second: number;
  /** Of one sequence after its prompt. */
  readonly tokens_per_second: number;
  /** Of {@linkcode batchedSequences} sequences together, all their tokens counted. */
  readonly batched_tokens_per_second: number;
}

/** Tokens of the prompt, and tokens that follow it. */
export interface DecodeLengths {
  readonly prompt: number;
  readonly made: number;
}

/** Sequences that are decoded together, beside one alone. */
export const batchedSequences = 8;
/** What is measured unless told otherwise. */
export const decodeLengths: DecodeLengths = { prompt: 256, made: 64 };
const repeats = 8;

/** Measures prompts and greedy generation after them; the best of several repeats, which take turns. */
export async function benchDecode(
  device: Device,
  model: LlamaConfig,
  bits: WeightBits,
  { prompt, made }: DecodeLengths = decodeLengths,
): Promise<DecodeResult> {
  const { base, close } = await syntheticBase(device, model, bits);
  const decoder = new Decoder(device, base, { slots: batchedSequences, positions: prompt + made, cacheBits: 16 });
  const idsOf = (slot: number) =>
    Array.from({ length: prompt }, (_, i) => Math.imul(i + slot, 7919) % model.vocabularySize);
  const sampling = { penalty: 1, temperature: 0, topP: 1, minP: 0, topK: 0, maskedSteps: 0, tops: 0 };
  const rowOf = (slot: number): RunRow => {
    const seen = idsOf(slot);
    return { slot, used: prompt - 1, id: seen.at(-1)!, sampling, seen, draw: () => 0 };
  };

  const prefill = async (slot: number) => {
    const begin = performance.now();
    await decoder.extend(slot, idsOf(slot).slice(0, -1), 0);
    await device.gpu.queue.onSubmittedWorkDone();
    return (prompt - 1) / (performance.now() - begin) * 1000;
  };

  /** Tokens a second of so many sequences, from the first step's beginning to the last token's arrival. */
  const decode = async (sequences: number) => {
    const begin = performance.now();
    const run = decoder.run(Array.from({ length: sequences }, (_, slot) => rowOf(slot)), {
      stopIds: model.eosIds,
      vocabularySize: model.vocabularySize,
    });
    for (let left = made; left > 0; left -= mostSteps) await run.next(Math.min(mostSteps, left));
    await run.next(0);
    return made * sequences / (performance.now() - begin) * 1000;
  };

  try {
    let best: DecodeResult = { prompt_tokens_per_second: 0, tokens_per_second: 0, batched_tokens_per_second: 0 };
    for (let slot = 0; slot < batchedSequences; slot++) await decoder.extend(slot, idsOf(slot).slice(0, -1), 0);
    for (let repeat = 0; repeat < repeats; repeat++) {
      best = {
        prompt_tokens_per_second: Math.max(best.prompt_tokens_per_second, await prefill(0)),
        tokens_per_second: Math.max(best.tokens_per_second, await decode(1)),
        batched_tokens_per_second: Math.max(best.batched_tokens_per_second, await decode(batchedSequences)),
      };
    }
    return best;
  } finally {
    decoder.close();
    close();
  }
}
