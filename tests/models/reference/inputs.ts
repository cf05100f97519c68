// What reference and engine are both given.
import type { TokenRow } from "../../../datasets/tokens/token_files.ts";
import type { WeightBits } from "../../../kernels/weight/weight.ts";
import { packRows, unpackRows } from "../../../kernels/weight/weight_pack.ts";
import { readConfig } from "../../../models/formats/config.ts";
import { llamaTensors } from "../../../models/formats/llama_tensors.ts";
import { openWeights } from "../../../models/formats/weights.ts";
import { tensorBits } from "../../../models/tensor_bits.ts";
import type { Random } from "../../kernels/harness.ts";
import { goldenFolder, type GoldenName } from "../golden_base.ts";

/** The weights of a golden network, as they are or as quantisation makes them. */
export async function weightsOf(name: GoldenName, bits: WeightBits): Promise<Map<string, ArrayLike<number>>> {
  using weights = await openWeights(`${goldenFolder}${name}`);
  const tensors = new Map<string, ArrayLike<number>>();
  const config = await readConfig(`${goldenFolder}${name}`);
  for (const { name: tensor, shape: [rows, columns] } of llamaTensors(config)) {
    const values = await weights.readFloat32(tensor);
    const stored = tensorBits(config, tensor, bits);
    tensors.set(
      tensor,
      columns === undefined ? values : unpackRows(packRows(values, rows!, columns, stored), rows!, columns, stored),
    );
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
