import type { LlamaConfig } from "./formats/config.ts";

/** Frequencies of the D/2 pairs of a head, in radians a position, with LLaMA 3's stretching where the model has it. */
export function ropeFrequencies({ headSize, ropeTheta, ropeScaling }: LlamaConfig): Float64Array {
  const frequencies = Float64Array.from({ length: headSize / 2 }, (_, i) => ropeTheta ** (-2 * i / headSize));
  if (!ropeScaling) return frequencies;
  const { factor, lowFrequencyFactor: low, highFrequencyFactor: high, originalMaxPositions } = ropeScaling;
  // Turns of each pair over the original context: fast pairs stay, slow ones are stretched, between them a blend.
  return frequencies.map((frequency) => {
    const turns = originalMaxPositions * frequency / (2 * Math.PI);
    const blend = Math.min(1, Math.max(0, (turns - low) / (high - low)));
    return frequency * (blend + (1 - blend) / factor);
  });
}

/** The table that the rope kernel reads: (positions, 2, D/2), cosines then sines. */
export function ropeTable(config: LlamaConfig, positions: number): Float32Array<ArrayBuffer> {
  const frequencies = ropeFrequencies(config);
  const half = frequencies.length;
  const table = new Float32Array(positions * 2 * half);
  for (let p = 0; p < positions; p++) {
    for (let i = 0; i < half; i++) {
      table[p * 2 * half + i] = Math.cos(p * frequencies[i]!);
      table[(p * 2 + 1) * half + i] = Math.sin(p * frequencies[i]!);
    }
  }
  return table;
}
