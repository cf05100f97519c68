// What reference and engine are both given.
import type { TokenRow } from "../../../datasets/token_files.ts";
import { quantizeRows } from "../../../kernels/weight.ts";
import { readConfig } from "../../../models/formats/config.ts";
import { llamaTensors } from "../../../models/formats/llama_tensors.ts";
import { openWeights } from "../../../models/formats/weights.ts";
import type { Random } from "../../kernels/harness.ts";
import { goldenFolder, type GoldenName } from "../golden_base.ts";

/** The values that int8 stands for, one scale a row. */
function dequantized(values: Float32Array, rows: number, columns: number): Float32Array {
  const { blocks, scales } = quantizeRows(values, rows, columns);
  const stored = new Int8Array(blocks.buffer);
  return values.map((_, i) => {
    const [n, k] = [Math.floor(i / columns), i % columns];
    return stored[(n >> 2) * columns * 4 + (k >> 2) * 16 + (n & 3) * 4 + (k & 3)]! * scales[n]!;
  });
}

/** The weights of a golden network, as they are or as int8 makes them. */
export async function weightsOf(name: GoldenName, bits: 8 | 32): Promise<Map<string, ArrayLike<number>>> {
  using weights = await openWeights(`${goldenFolder}${name}`);
  const tensors = new Map<string, ArrayLike<number>>();
  for (const { name: tensor, shape } of llamaTensors(await readConfig(`${goldenFolder}${name}`))) {
    const values = await weights.readFloat32(tensor);
    tensors.set(tensor, shape.length === 2 && bits === 8 ? dequantized(values, shape[0]!, shape[1]!) : values);
  }
  return tensors;
}

/** Rows of random ids, of which about two thirds are labelled; the last always is. */
export function randomRows(random: Random, vocabulary: number, lengths: readonly number[]): TokenRow[] {
  return lengths.map((length) => ({
    ids: Uint32Array.from({ length }, () => random.below(vocabulary)),
    labelled: Uint8Array.from({ length }, (_, t) => t === length - 1 || t > 0 && random.next() < 0.67 ? 1 : 0),
  }));
}

/** Labelled tokens of some rows. */
export const labelledIn = (rows: readonly TokenRow[]): number =>
  rows.reduce((sum, { labelled }) => sum + labelled.reduce((a, b) => a + b), 0);
