/** Deterministic values in −1 … 1. */
export function values(count: number, seed: number): Float32Array<ArrayBuffer> {
  return Float32Array.from(
    { length: count },
    (_, i) => Math.fround(Math.sin((i + 1) * 12.9898 + seed * 78.233) * 43758.5453 % 1),
  );
}
