// Checks of attention, there and back, at the head sizes that models have, over two packed sequences; and of a decode step.
import { attention, attentionBackward } from "../attention/attention.ts";
import { decodeAttention } from "../decode/decode_attention.ts";
import { type CheckBench, type CheckCase, sum } from "./self_check_bench.ts";
import { values } from "../gpu/made_values.ts";
import { reshape } from "../gpu/tensor.ts";

/** Tokens that leave a remainder, and where the second sequence begins. */
const [tokens, second] = [37, 20];
const [heads, keyHeads] = [2, 1];

/** Attention and its gradients in float64; all (T, heads, D). */
function reference(size: number, q: Float32Array, k: Float32Array, v: Float32Array, dy: Float32Array) {
  const scale = 1 / Math.sqrt(size);
  const [y, dq] = [new Float64Array(q.length), new Float64Array(q.length)];
  const [dk, dv] = [new Float64Array(k.length), new Float64Array(k.length)];
  for (let head = 0; head < heads; head++) {
    const keyHead = Math.floor(head / (heads / keyHeads));
    for (let t = 0; t < tokens; t++) {
      const first = t < second ? 0 : second;
      const row = (t * heads + head) * size;
      const keys = Array.from({ length: t - first + 1 }, (_, i) => ((first + i) * keyHeads + keyHead) * size);
      const scores = keys.map((key) => Math.exp(scale * sum(size, (d) => q[row + d]! * k[key + d]!)));
      const total = scores.reduce((a, b) => a + b);
      const p = scores.map((score) => score / total);
      const dp = keys.map((key) => sum(size, (d) => dy[row + d]! * v[key + d]!));
      const along = sum(keys.length, (i) => p[i]! * dp[i]!);
      keys.forEach((key, i) => {
        const ds = p[i]! * (dp[i]! - along) * scale;
        for (let d = 0; d < size; d++) {
          y[row + d]! += p[i]! * v[key + d]!;
          dq[row + d]! += ds * k[key + d]!;
          dk[key + d]! += ds * q[row + d]!;
          dv[key + d]! += p[i]! * dy[row + d]!;
        }
      });
    }
  }
  return { y, dq, dk, dv };
}

function trainingCases(bench: CheckBench, size: number): CheckCase[] {
  const { stream } = bench;
  const [wide, narrow] = [[tokens, heads, size], [tokens, keyHeads, size]];
  const count = (shape: number[]) => shape.reduce((a, b) => a * b);
  const [q, k, v] = [values(count(wide), 4), values(count(narrow), 5), values(count(narrow), 6)];
  const dOut = values(count(wide), 7);
  const starts = bench.indices(Array.from({ length: tokens }, (_, t) => t < second ? 0 : second));
  const input = { q: bench.tensor(wide, q), k: bench.tensor(narrow, k), v: bench.tensor(narrow, v), starts };
  const [y, stats, dy] = [bench.tensor(wide), bench.tensor([tokens, heads, 2]), bench.tensor(wide, dOut)];
  const [dq, dk, dv] = [bench.tensor(wide), bench.tensor(narrow), bench.tensor(narrow)];
  attention(stream, input, y, stats);
  attentionBackward(stream, input, { y, stats, dy }, { dq, dk, dv });
  const wanted = reference(size, q, k, v, dOut);
  const name = `attention, heads of ${size}`;
  return [
    { name, tensor: y, wanted: wanted.y },
    { name: `${name}, gradient of queries`, tensor: dq, wanted: wanted.dq },
    { name: `${name}, gradient of keys`, tensor: dk, wanted: wanted.dk },
    { name: `${name}, gradient of values`, tensor: dv, wanted: wanted.dv },
  ];
}

/** The last query of a sequence of one head, over a slot of a cache. */
function decodeCase(bench: CheckBench): CheckCase {
  const [length, size] = [19, 8];
  const [q, k, v] = [values(size, 4), values(length * size, 5), values(length * size, 6)];
  const slot = (x: Float32Array) => bench.tensor([1, 1, length, size], x);
  const cache = { keys: slot(k), values: slot(v), places: reshape(bench.indices([0, length - 1]), [1, 2]), step: 0 };
  const y = bench.tensor([1, 1, size]);
  decodeAttention(bench.stream, bench.tensor([1, 1, size], q), cache, y, { longest: length, chunk: length });
  const scores = Array.from(
    { length },
    (_, s) => Math.exp(sum(size, (d) => q[d]! * k[s * size + d]!) / Math.sqrt(size)),
  );
  const total = scores.reduce((a, b) => a + b);
  const wanted = Array.from({ length: size }, (_, d) => sum(length, (s) => scores[s]! / total * v[s * size + d]!));
  return { name: "attention of decoding", tensor: y, wanted };
}

/** Runs attention and gives what it computed and should have. */
export function attentionCases(bench: CheckBench, headSizes: readonly number[]): CheckCase[] {
  return [...headSizes.flatMap((size) => trainingCases(bench, size)), decodeCase(bench)];
}
