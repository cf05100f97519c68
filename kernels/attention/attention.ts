import { expectMultiple, expectShape } from "../gpu/check.ts";
import { isHalf } from "../gpu/half.ts";
import { compile, type Kernel } from "../gpu/kernel.ts";
import type { Stream } from "../gpu/stream.ts";
import type { Tensor } from "../gpu/tensor.ts";
import forward from "./attention.wgsl" with { type: "text" };
import tile from "./attention_tile.wgsl" with { type: "text" };
import tiledForward from "./attention_tiled.wgsl" with { type: "text" };
import tiledBackwardKeyValue from "./attention_tiled_backward_key_value.wgsl" with { type: "text" };
import tiledBackwardQuery from "./attention_tiled_backward_query.wgsl" with { type: "text" };
import backwardKeyValue from "./attention_backward_key_value.wgsl" with { type: "text" };
import backwardQuery from "./attention_backward_query.wgsl" with { type: "text" };

/** A kernel, and the queries (or keys) that a workgroup of it owns; it walks over the other side. */
interface Owning {
  readonly kernel: Kernel;
  readonly owned: number;
}

/** One of the three kernels, in both manners. */
interface Manners {
  readonly name: string;
  readonly lanes: string;
  readonly tiles: string;
  /** Results of a head that the tiled kernel sums up. */
  readonly outputs: number;
  /** Whether it sums up the weights as well. */
  readonly sums: boolean;
}

const FORWARD: Manners = { name: "attention", lanes: forward, tiles: tiledForward, outputs: 1, sums: true };
const BACKWARD_QUERY: Manners = {
  name: "attention_backward_query",
  lanes: backwardQuery,
  tiles: tiledBackwardQuery,
  outputs: 1,
  sums: false,
};
const BACKWARD_KEY_VALUE: Manners = {
  name: "attention_backward_key_value",
  lanes: backwardKeyValue,
  tiles: tiledBackwardKeyValue,
  outputs: 2,
  sums: false,
};

/**
 * The kernel for this head size. A lane of a processor holds whole vectors of a head: its loads cost most, and it has no
 * workgroup memory. A graphics card would run out of registers, so there the vectors lie in workgroup memory.
 */
function kernelFor(stream: Stream, manners: Manners, headSize: number, half = false): Owning {
  return stream.device.info.software
    ? byLanes(stream, manners, headSize, half)
    : byTiles(stream, manners, headSize, half);
}

function byLanes(stream: Stream, { name, lanes: source }: Manners, headSize: number, half: boolean): Owning {
  const { subgroupSize } = stream.device.info;
  const subgroups = subgroupSize > 0;
  const constants = {
    LANES: subgroupSize || 32,
    SHUFFLE: subgroups,
    OWN: subgroups ? 2 : 1,
    // More at once would make the code longer without saving loads.
    NEXT: subgroups ? 4 : 2,
    D4: headSize / 4,
    HALF: half,
  };
  const kernel = compile(stream.device, { name, source }, constants);
  return { kernel, owned: constants.LANES * constants.OWN };
}

/** Rows of a tile. */
const TILE_ROWS = 32;

function byTiles(stream: Stream, { name, tiles, outputs, sums }: Manners, headSize: number, half: boolean): Owning {
  const D4 = headSize / 4;
  // As many threads as leave each 32 sums of a result, where workgroup memory has room for a tile of each half.
  const most = stream.device.gpu.limits.maxComputeWorkgroupStorageSize;
  const halves = D4 < 16 ? 1 : D4 < 64 || tileBytes(4) > most ? 2 : 4;
  const constants = {
    D4,
    HALF: half,
    HALVES: halves,
    PIECES: Math.ceil(D4 / (8 * halves)),
    OUTPUTS: outputs,
    SUMS: sums,
    ROLLED: !stream.device.info.unrolls,
  };
  return { kernel: compile(stream.device, { name, source: [tile, tiles] }, constants), owned: TILE_ROWS };
}

/** Bytes of workgroup memory that attention_tile.wgsl declares. */
function tileBytes(halves: number): number {
  return 16 * (Math.max(2, halves) * 8 * 33 + 32 * 8 + 8 * halves * 8);
}

/** What attention reads: q (T, H, D), k and v (T, G, D), starts (T) = the first key that each query may see. */
export interface AttentionInput {
  readonly q: Tensor;
  readonly k: Tensor;
  readonly v: Tensor;
  readonly starts: Tensor;
}

/**
 * y (T, H, D) = softmax(q·kᵀ / √D)·v, each query t over keys starts[t] … t. stats (T, H, 2) keeps log Σ exp(score) for
 * backward. H must be a multiple of G.
 */
export function attention(stream: Stream, input: AttentionInput, y: Tensor, stats: Tensor): void {
  const [tokens, keyHeads, headSize] = input.k.shape as [number, number, number];
  expectShape("attention", input.k, [input.q.shape[0]!, keyHeads, headSize]);
  forwardOver(stream, input, { tokens, keyHeads, keyOffset: 0, keyStride: keyHeads, headStride: 1 }, y, stats);
}

/**
 * The same for k and v (G, P, D) of a slot (key_value_cache.ts), float32 or pairs of float16, whose first `cached` keys
 * come before the first query: each query t sees keys starts[t] … t + cached. Errors: fewer positions.
 */
export function cachedAttention(
  stream: Stream,
  input: AttentionInput,
  y: Tensor,
  stats: Tensor,
  cached: number,
): void {
  const [keyHeads, positions] = input.k.shape as [number, number, number];
  const tokens = input.q.shape[0]!;
  if (positions < tokens + cached) {
    throw new RangeError(`attention: ${tokens + cached} keys wanted, found ${positions}`);
  }
  forwardOver(stream, input, { tokens, keyHeads, keyOffset: cached, keyStride: 1, headStride: positions }, y, stats);
}

/** How keys and values lie: strides in keys. */
interface KeyLayout {
  readonly tokens: number;
  readonly keyHeads: number;
  readonly keyOffset: number;
  readonly keyStride: number;
  readonly headStride: number;
}

function forwardOver(
  stream: Stream,
  { q, k, v, starts }: AttentionInput,
  { tokens, keyHeads, ...layout }: KeyLayout,
  y: Tensor,
  stats: Tensor,
): void {
  const [, heads, headSize] = q.shape as [number, number, number];
  expectMultiple("attention", "the head size", headSize, 4);
  expectMultiple("attention", "the number of heads", heads, keyHeads);
  const half = isHalf(k);
  expectShape("attention", k, [-1, -1, half ? headSize / 2 : headSize]);
  expectShape("attention", v, k.shape);
  expectShape("attention", starts, [tokens]);
  expectShape("attention", y, q.shape);
  expectShape("attention", stats, [tokens, heads, 2]);
  const { kernel, owned } = kernelFor(stream, FORWARD, headSize, half);
  const uniforms = { tokens, heads, keyHeads, ...layout, scale: 1 / Math.sqrt(headSize) };
  const flops = 4 * heads * headSize * tokens * (tokens / 2 + layout.keyOffset);
  stream.run(kernel, { q, k, v, starts, y, stats }, uniforms, [Math.ceil(tokens / owned), heads], flops);
}

/** The gradients dq (T, H, D), dk and dv (T, G, D) of {@linkcode attention}, given its y, stats and dy (T, H, D). */
export function attentionBackward(
  stream: Stream,
  input: AttentionInput,
  { y, stats, dy }: { y: Tensor; stats: Tensor; dy: Tensor },
  { dq, dk, dv }: { dq: Tensor; dk: Tensor; dv: Tensor },
): void {
  const { q, k } = input;
  const [tokens, heads, headSize] = q.shape as [number, number, number];
  const keyHeads = k.shape[1]!;
  for (const tensor of [y, dy, dq]) expectShape("attention backward", tensor, q.shape);
  for (const tensor of [dk, dv]) expectShape("attention backward", tensor, k.shape);
  const uniforms = { tokens, heads, keyHeads, scale: 1 / Math.sqrt(headSize) };
  const pairs = heads * headSize * tokens * tokens / 2; // as of one sequence: the device alone knows where others begin
  const query = kernelFor(stream, BACKWARD_QUERY, headSize);
  stream.run(
    query.kernel,
    { ...input, y, stats, dy, dq },
    uniforms,
    [Math.ceil(tokens / query.owned), heads],
    6 * pairs,
  );
  const key = kernelFor(stream, BACKWARD_KEY_VALUE, headSize);
  stream.run(
    key.kernel,
    { ...input, stats, dy, dk, dv },
    uniforms,
    [Math.ceil(tokens / key.owned), keyHeads],
    8 * pairs,
  );
}
