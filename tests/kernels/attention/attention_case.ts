// Attention over packed sequences with its gradients, and what float64 says of them.
import { attention, attentionBackward, type AttentionInput } from "../../../kernels/attention/attention.ts";
import type { Tensor } from "../../../kernels/gpu/tensor.ts";
import {
  assertClose,
  type Bench,
  type DeviceKind,
  everyKind,
  kernelTest,
  numericGradient,
  Random,
} from "../harness.ts";
import * as reference from "../reference.ts";

/** Lengths of the packed sequences → for each token the index of its sequence's first token. */
const startsOf = (lengths: number[]) =>
  lengths.flatMap((length, i) => Array(length).fill(lengths.slice(0, i).reduce((a, b) => a + b, 0)));

/** Packed sequences of these lengths, and the kinds of device to try them on. */
export interface AttentionCase {
  readonly lengths: number[];
  readonly heads: number;
  readonly keyHeads: number;
  readonly headSize: number;
  readonly kinds?: readonly DeviceKind[];
}

/** Values of a case, and the tensors that hold them. */
export interface AttentionValues {
  readonly q: Float64Array;
  readonly k: Float64Array;
  readonly v: Float64Array;
  readonly dy: Float64Array;
  /** Shape of queries and results, and of keys and values. */
  readonly wide: number[];
  readonly narrow: number[];
  readonly input: AttentionInput;
  readonly y: Tensor;
  readonly stats: Tensor;
  readonly shape: reference.AttentionShape;
}

/** Random values for a case, on the device. */
export function setUp(bench: Bench, { lengths, heads, keyHeads, headSize }: AttentionCase): AttentionValues {
  const starts = startsOf(lengths);
  const tokens = starts.length;
  const random = new Random(tokens * headSize + heads);
  const q = random.values(tokens * heads * headSize), dy = random.values(tokens * heads * headSize);
  const k = random.values(tokens * keyHeads * headSize), v = random.values(tokens * keyHeads * headSize);
  const wide = [tokens, heads, headSize], narrow = [tokens, keyHeads, headSize];
  const input = {
    q: bench.tensor(wide, q),
    k: bench.tensor(narrow, k),
    v: bench.tensor(narrow, v),
    starts: bench.indices(starts),
  };
  const y = bench.output(wide), stats = bench.output([tokens, heads, 2]);
  return { q, k, v, dy, wide, narrow, input, y, stats, shape: { heads, keyHeads, headSize, starts } };
}

/** Gradients of queries, keys and values by differences; the same on every kind of device, so computed once. */
function slopesOf(
  { q, k, v, dy, shape }: Pick<AttentionValues, "q" | "k" | "v" | "dy" | "shape">,
): { dq: Float64Array; dk: Float64Array; dv: Float64Array } {
  return {
    dq: numericGradient((at) => reference.attention(at, k, v, shape), q, dy),
    dk: numericGradient((at) => reference.attention(q, at, v, shape), k, dy),
    dv: numericGradient((at) => reference.attention(q, k, at, shape), v, dy),
  };
}

/** Registers a test for each kind of device: y, dq, dk and dv of a case agree with float64. */
export function attentionTest(c: AttentionCase): void {
  let slopes: ReturnType<typeof slopesOf> | undefined;
  const label = `sequences ${c.lengths}, ${c.heads}/${c.keyHeads} heads of ${c.headSize}`;
  kernelTest(`attention() and its gradients agree with float64 for ${label}`, async (bench) => {
    const made = setUp(bench, c);
    const { q, k, v, dy, wide, narrow, input, y, stats, shape } = made;
    attention(bench.stream, input, y, stats);
    assertClose(await bench.read(y), reference.attention(q, k, v, shape), 1e-5, "y");
    slopes ??= slopesOf(made);
    const [dq, dk, dv] = [bench.output(wide), bench.output(narrow), bench.output(narrow)];
    attentionBackward(bench.stream, input, { y, stats, dy: bench.tensor(wide, dy) }, { dq, dk, dv });
    assertClose(await bench.read(dq), slopes.dq, 3e-5, "dq");
    assertClose(await bench.read(dk), slopes.dk, 3e-5, "dk");
    assertClose(await bench.read(dv), slopes.dv, 3e-5, "dv");
  }, c.kinds ?? everyKind);
}
