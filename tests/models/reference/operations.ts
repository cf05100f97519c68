// The operations of a LLaMA network with their gradients, in plain float64 loops, for one row of T tokens. Each gives its
// result `y` and a function `back` from the gradient of y to that of the input; what that of a weight is, is added to
// the parameter. Written from the formulas, for clarity, and without a look at the shaders.
import { attention as attend, matmul, rmsNorm, rope, swiglu, transpose } from "../../kernels/reference.ts";

/** A trained, or trainable, tensor and the sum of its gradients, row-major. */
export interface Parameter {
  readonly value: Float64Array;
  readonly gradient: Float64Array;
}

/** A result, and how its gradient becomes that of the operation's input. */
export interface Operation<Gradient = Float64Array> {
  readonly y: Float64Array;
  back(dy: Float64Array): Gradient;
}

/** a + b, element by element. */
export function add(a: Float64Array, b: Float64Array): Float64Array {
  return a.map((value, i) => value + b[i]!);
}

function addInto(sum: Float64Array, values: Float64Array): void {
  values.forEach((value, i) => sum[i]! += value);
}

/** y (T, N) = x (T, K)·wᵀ, w (N, K). */
export function linear(x: Float64Array, { value: w, gradient }: Parameter, outFeatures: number): Operation {
  const [n, k] = [outFeatures, w.length / outFeatures];
  const rows = x.length / k;
  return {
    y: matmul(x, w, rows, n, k),
    back(dy) {
      addInto(gradient, matmul(transpose(dy, rows, n), transpose(x, rows, k), n, k, rows));
      return matmul(dy, transpose(w, n, k), rows, k, n);
    },
  };
}

/** y = x + b, b (N) the same for every row. */
export function shift(x: Float64Array, { value: b, gradient }: Parameter): Operation {
  return {
    y: x.map((value, i) => value + b[i % b.length]!),
    back(dy) {
      dy.forEach((d, i) => gradient[i % b.length]! += d);
      return dy;
    },
  };
}

/** One operation after another, of the first one's result. */
export function then(first: Operation, next: (y: Float64Array) => Operation): Operation {
  const second = next(first.y);
  return { y: second.y, back: (dy) => first.back(second.back(dy)) };
}

/** y = x / √(mean(x²) + ε) ∘ w. */
export function norm(x: Float64Array, { value: w, gradient }: Parameter, epsilon: number): Operation {
  const width = w.length;
  return {
    y: rmsNorm(x, w, epsilon),
    back(dy) {
      const dx = new Float64Array(x.length);
      for (let row = 0; row < x.length; row += width) {
        let [squares, products] = [0, 0];
        for (let i = 0; i < width; i++) {
          squares += x[row + i]! ** 2;
          products += x[row + i]! * w[i]! * dy[row + i]!;
        }
        const scale = 1 / Math.sqrt(squares / width + epsilon);
        for (let i = 0; i < width; i++) {
          gradient[i]! += dy[row + i]! * x[row + i]! * scale;
          dx[row + i] = scale * w[i]! * dy[row + i]! - x[row + i]! * scale ** 3 * products / width;
        }
      }
      return dx;
    },
  };
}

/** Heads (T, heads, D) of consecutive tokens turned by their positions 0, 1, …; its gradient turns back. */
export function turn(x: Float64Array, heads: number, headSize: number, theta: number): Operation {
  const positions = Array.from({ length: x.length / heads / headSize }, (_, t) => t);
  return {
    y: rope(x, positions, heads, headSize, theta),
    back: (dy) => rope(dy, positions.map((position) => -position), heads, headSize, theta),
  };
}

/** silu(gate) ∘ up, with both gradients. */
export function gated(
  gate: Float64Array,
  up: Float64Array,
): Operation<{ dGate: Float64Array; dUp: Float64Array }> {
  return {
    y: swiglu(gate, up),
    back(dy) {
      const sigmoid = gate.map((g) => 1 / (1 + Math.exp(-g)));
      return {
        dGate: dy.map((d, i) => d * up[i]! * sigmoid[i]! * (1 + gate[i]! * (1 - sigmoid[i]!))),
        dUp: dy.map((d, i) => d * gate[i]! * sigmoid[i]!),
      };
    },
  };
}

/** Causal attention of q (T, H, D) over k, v (T, G, D), with all three gradients. */
export function attention(
  [q, k, v]: readonly [Float64Array, Float64Array, Float64Array],
  heads: number,
  keyHeads: number,
  headSize: number,
): Operation<{ dq: Float64Array; dk: Float64Array; dv: Float64Array }> {
  const tokens = q.length / heads / headSize;
  return {
    y: attend(q, k, v, { heads, keyHeads, headSize, starts: Array(tokens).fill(0) }),
    back(dy) {
      const [dq, dk, dv] = [q, k, v].map((x) => new Float64Array(x.length)) as [
        Float64Array,
        Float64Array,
        Float64Array,
      ];
      const dot = (a: Float64Array, atA: number, b: Float64Array, atB: number) => {
        let sum = 0;
        for (let d = 0; d < headSize; d++) sum += a[atA + d]! * b[atB + d]!;
        return sum;
      };
      for (let t = 0; t < tokens; t++) {
        for (let h = 0; h < heads; h++) {
          const at = (t * heads + h) * headSize;
          const keys = Array.from(
            { length: t + 1 },
            (_, s) => (s * keyHeads + Math.floor(h * keyHeads / heads)) * headSize,
          );
          const raised = keys.map((key) => Math.exp(dot(q, at, k, key) / Math.sqrt(headSize)));
          const total = raised.reduce((a, b) => a + b);
          const p = raised.map((value) => value / total);
          const dp = keys.map((key) => dot(dy, at, v, key));
          const mean = p.reduce((sum, value, s) => sum + value * dp[s]!, 0);
          keys.forEach((key, s) => {
            const dScore = p[s]! * (dp[s]! - mean) / Math.sqrt(headSize);
            for (let d = 0; d < headSize; d++) {
              dv[key + d]! += p[s]! * dy[at + d]!;
              dq[at + d]! += dScore * k[key + d]!;
              dk[key + d]! += dScore * q[at + d]!;
            }
          });
        }
      }
      return { dq, dk, dv };
    },
  };
}

/** Rows `ids` of a table (V, C). It has no input, so `back` gives nothing. */
export function lookUp(ids: ArrayLike<number>, { value, gradient }: Parameter, width: number): Operation<void> {
  const y = new Float64Array(ids.length * width);
  for (let t = 0; t < ids.length; t++) y.set(value.subarray(ids[t]! * width, (ids[t]! + 1) * width), t * width);
  return {
    y,
    back(dy) {
      for (let t = 0; t < ids.length; t++) {
        for (let c = 0; c < width; c++) gradient[ids[t]! * width + c]! += dy[t * width + c]!;
      }
    },
  };
}

/** Σ −log softmax(logits)[label] over rows with a label (≥ 0); `back` scales the gradient of this sum. */
export function crossEntropy(
  logits: Float64Array,
  labels: ArrayLike<number>,
  vocabulary: number,
): { loss: number; back(scale: number): Float64Array } {
  const gradient = new Float64Array(logits.length);
  let loss = 0;
  for (let t = 0; t < labels.length; t++) {
    const label = labels[t]!;
    if (label < 0) continue;
    const row = logits.subarray(t * vocabulary, (t + 1) * vocabulary);
    const total = row.reduce((sum, value) => sum + Math.exp(value), 0);
    loss += Math.log(total) - row[label]!;
    row.forEach((value, i) => gradient[t * vocabulary + i] = Math.exp(value) / total - (i === label ? 1 : 0));
  }
  return { loss, back: (scale) => gradient.map((value) => value * scale) };
}
