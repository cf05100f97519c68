// The operations in plain float64, written for clarity and as independently of the shaders as can be.

/** y (M, N) = x (M, K) · wᵀ, w (N, K). */
export function matmul(x: Float64Array, w: Float64Array, m: number, n: number, k: number): Float64Array {
  const y = new Float64Array(m * n);
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      let sum = 0;
      for (let p = 0; p < k; p++) sum += x[i * k + p]! * w[j * k + p]!;
      y[i * n + j] = sum;
    }
  }
  return y;
}

/** The transpose of (rows, columns). */
export function transpose(x: Float64Array, rows: number, columns: number): Float64Array {
  const y = new Float64Array(rows * columns);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) y[j * rows + i] = x[i * columns + j]!;
  }
  return y;
}

export function rmsNorm(x: Float64Array, weight: Float64Array, epsilon: number): Float64Array {
  const width = weight.length;
  const y = new Float64Array(x.length);
  for (let row = 0; row < x.length; row += width) {
    let squares = 0;
    for (let i = row; i < row + width; i++) squares += x[i]! * x[i]!;
    const scale = 1 / Math.sqrt(squares / width + epsilon);
    for (let i = 0; i < width; i++) y[row + i] = x[row + i]! * scale * weight[i]!;
  }
  return y;
}

export function swiglu(gate: Float64Array, up: Float64Array): Float64Array {
  return gate.map((g, i) => g / (1 + Math.exp(-g)) * up[i]!);
}

/** x (T, heads, D) turned by positions; element i pairs with i + D/2. */
export function rope(
  x: Float64Array,
  positions: number[],
  heads: number,
  headSize: number,
  theta: number,
): Float64Array {
  const half = headSize / 2;
  const frequencies = Array.from({ length: half }, (_, i) => theta ** (-2 * i / headSize));
  return x.map((value, index) => {
    const i = index % headSize;
    const position = positions[Math.floor(index / (heads * headSize))]!;
    const angle = position * frequencies[i % half]!;
    const partner = x[i < half ? index + half : index - half]!;
    return value * Math.cos(angle) + (i < half ? -partner : partner) * Math.sin(angle);
  });
}

export interface AttentionShape {
  readonly heads: number;
  readonly keyHeads: number;
  readonly headSize: number;
  readonly starts: number[];
  readonly keyOffset?: number;
}

/** Attention by the textbook: all scores, softmax, weighted sum. */
export function attention(q: Float64Array, k: Float64Array, v: Float64Array, shape: AttentionShape): Float64Array {
  const { heads, keyHeads, headSize, starts, keyOffset = 0 } = shape;
  const y = new Float64Array(q.length);
  for (let t = 0; t < starts.length; t++) {
    for (let h = 0; h < heads; h++) {
      const g = Math.floor(h * keyHeads / heads);
      const at = (t * heads + h) * headSize;
      const keys = Array.from(
        { length: t + keyOffset - starts[t]! + 1 },
        (_, i) => ((starts[t]! + i) * keyHeads + g) * headSize,
      );
      const scores = keys.map((key) => {
        let sum = 0;
        for (let d = 0; d < headSize; d++) sum += q[at + d]! * k[key + d]!;
        return sum / Math.sqrt(headSize);
      });
      const most = Math.max(...scores);
      const weights = scores.map((score) => Math.exp(score - most));
      const total = weights.reduce((a, b) => a + b);
      keys.forEach((key, i) => {
        for (let d = 0; d < headSize; d++) y[at + d]! += weights[i]! / total * v[key + d]!;
      });
    }
  }
  return y;
}

/** −log softmax(logits)[label] of each row. */
export function crossEntropy(logits: Float64Array, labels: number[], vocabulary: number): Float64Array {
  return Float64Array.from(labels, (label, row) => {
    const l = logits.subarray(row * vocabulary, (row + 1) * vocabulary);
    const most = l.reduce((a, b) => Math.max(a, b));
    return Math.log(l.reduce((sum, value) => sum + Math.exp(value - most), 0)) + most - l[label]!;
  });
}
