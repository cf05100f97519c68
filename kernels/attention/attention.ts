import { expectMultiple, expectShape } from "../gpu/check.ts";
import { isHalf } from "../gpu/half.ts";
import { compile, type Kernel } from "../gpu/kernel.ts";
import type { Stream } from "../gpu/stream.ts";
import type { Tensor } from "../gpu/tensor.ts";
import forward from "./attention.wgsl" with { type: "text" };
import splitSource from "./attention_split.wgsl" with { type: "text" };
import backwardKeyValue from "./attention_backward_key_value.wgsl" with { type: "text" };
import backwardQuery from "./attention_backward_query.wgsl" with { type: "text" };

/** The kernel for this head size, and the queries (or keys) that a workgroup owns; it walks over the other side. */
function tiled(
  stream: Stream,
  { name, source }: { readonly name: string; readonly source: string },
  headSize: number,
  half = false,
): { kernel: Kernel; owned: number } {
  const { subgroupSize, software } = stream.device.info;
  const lanes = subgroupSize || 32;
  const D4 = headSize / 4;
  const subgroups = subgroupSize > 0;
  // On a processor loads cost most: a lane owns two vectors of each kind, and the lanes share out the loads of those they
  // walk over. A GPU runs short of registers first: there several lanes share a head of more than 8 vectors.
  const split = subgroups && !software ? [8, 4, 2].find((n) => n <= lanes && D4 % n === 0 && D4 / n >= 8) ?? 1 : 1;
  const constants = {
    LANES: lanes,
    SPLIT: split,
    SHUFFLE: subgroups && split === 1,
    OWN: subgroups && software ? 2 : 1,
    // More at once would make the code longer without saving loads.
    NEXT: subgroups ? 4 : 2,
    D4,
    HALF: half,
  };
  const kernel = compile(stream.device, { name, source: [splitSource, source] }, constants);
  return { kernel, owned: lanes / split * constants.OWN };
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
  const { kernel, owned } = tiled(stream, { name: "attention", source: forward }, headSize, half);
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
  const query = tiled(stream, { name: "attention_backward_query", source: backwardQuery }, headSize);
  stream.run(
    query.kernel,
    { ...input, y, stats, dy, dq },
    uniforms,
    [Math.ceil(tokens / query.owned), heads],
    6 * pairs,
  );
  const key = tiled(stream, { name: "attention_backward_key_value", source: backwardKeyValue }, headSize);
  stream.run(
    key.kernel,
    { ...input, stats, dy, dk, dv },
    uniforms,
    [Math.ceil(tokens / key.owned), keyHeads],
    8 * pairs,
  );
}
