// What a decode step does between the projections: one query a row, over the keys that its slot of the cache holds.
import { expectMultiple, expectShape } from "./check.ts";
import { compile } from "./kernel.ts";
import type { Device } from "./device.ts";
import { isHalf } from "./half.ts";
import { compileRows, rowLanes } from "./row_kernel.ts";
import { grid1d, type Stream } from "./stream.ts";
import type { Tensor } from "./tensor.ts";
import ropeStoreSource from "./rope_store.wgsl" with { type: "text" };
import attentionSource from "./decode_attention.wgsl" with { type: "text" };
import joinSource from "./decode_attention_join.wgsl" with { type: "text" };

/** Keys and values of all slots of one layer, and where each row's are. */
export interface DecodeCache {
  /** Of every position of every slot (S, G, D), float32 or pairs of float16 (half.ts; D a multiple of 8). */
  readonly keys: Tensor;
  readonly values: Tensor;
  /** (B, 2): the first row of a row's slot in the cache, and its position at step 0. */
  readonly places: Tensor;
  /** Steps since `places` was written: each adds one to the positions. */
  readonly step: number;
}

/**
 * Turns q (B, H, D) in place and k (B, G, D) by the angles of their positions, and writes k and v (B, G, D) to the cache at
 * these positions. `table` is that of `rope`. Slots must differ from row to row, positions be within slot and table.
 */
export function ropeStore(
  stream: Stream,
  { q, k, v }: { readonly q: Tensor; readonly k: Tensor; readonly v: Tensor },
  table: Tensor,
  { keys, values, places, step }: DecodeCache,
): void {
  const [rows, heads, headSize] = q.shape as [number, number, number];
  const keyHeads = k.shape[1]!;
  expectMultiple("rope store", "the head size", headSize, 8);
  expectShape("rope store", k, [rows, keyHeads, headSize]);
  expectShape("rope store", v, k.shape);
  const half = isHalf(keys);
  expectShape("rope store", keys, [-1, keyHeads, half ? headSize / 2 : headSize]);
  expectShape("rope store", values, keys.shape);
  expectShape("rope store", places, [rows, 2]);
  expectShape("rope store", table, [-1, 2, headSize / 2]);
  const kernel = compile(stream.device, { name: "rope_store", source: ropeStoreSource }, {
    HEAD_SIZE: headSize,
    HALF: half,
  });
  const threads = rows * (heads + 2 * keyHeads) * headSize / 8;
  stream.run(kernel, { places, table, q, k, v, keys, values }, { rows, heads, keyHeads, step }, grid1d(threads));
}

/** Keys that a workgroup walks over: with few rows a graphics card needs more workgroups than there are heads. */
export function attentionChunk(device: Device): number {
  return device.info.software ? 4096 : 256;
}

/** Values of the working memory of {@linkcode decodeAttention} for so many rows, heads and positions at most. */
export function attentionPartials(
  rows: number,
  heads: number,
  headSize: number,
  positions: number,
  chunk: number,
): number {
  const splits = Math.ceil(positions / chunk);
  return splits > 1 ? rows * heads * splits * (headSize + 4) : 0;
}

/** How far a row's keys go, and where parts of long rows are kept. */
export interface DecodeSplit {
  /** Most keys of a row, this step's among them. */
  readonly longest: number;
  /** At least {@linkcode attentionPartials} values; may be left out where that is 0. */
  readonly partials?: Tensor | undefined;
  /** {@linkcode attentionChunk} unless a test asks for less. */
  readonly chunk?: number;
}

/**
 * y (B, H, D) = softmax(q·keysᵀ / √D)·values for q (B, H, D), each row over the positions of its slot up to its own. A row's
 * result is the same to the bit whatever the other rows are. Errors: `partials` is too small.
 */
export function decodeAttention(
  stream: Stream,
  q: Tensor,
  { keys, values, places, step }: DecodeCache,
  y: Tensor,
  { longest, partials, chunk = attentionChunk(stream.device) }: DecodeSplit,
): void {
  const [rows, heads, headSize] = q.shape as [number, number, number];
  const keyHeads = keys.shape[1]!;
  const half = isHalf(keys);
  expectMultiple("decode attention", "the head size", headSize, half ? 8 : 4);
  expectMultiple("decode attention", "the number of heads", heads, keyHeads);
  expectShape("decode attention", keys, [-1, keyHeads, half ? headSize / 2 : headSize]);
  expectShape("decode attention", values, keys.shape);
  expectShape("decode attention", places, [rows, 2]);
  expectShape("decode attention", y, q.shape);
  const needed = attentionPartials(rows, heads, headSize, longest, chunk);
  if (needed > (partials?.shape[0] ?? 0)) {
    throw new RangeError(
      `decode attention: ${needed} values of working memory wanted, found ${partials?.shape[0] ?? 0}`,
    );
  }
  const [D4, lanes] = [headSize / 4, rowLanes(stream.device)];
  const { subgroupSize, software } = stream.device.info;
  const splits = Math.ceil(longest / chunk);
  const constants = {
    D4,
    GROUP: heads / keyHeads,
    VECTORS: Math.ceil(D4 / lanes),
    KEYS: subgroupSize > 0 && lanes % D4 === 0 ? lanes / D4 : 1,
    APART: software && subgroupSize > 0,
    HALF: half,
    CHUNK: chunk,
    SPLIT: splits > 1,
  };
  const kernel = compileRows(stream.device, { name: "decode_attention", source: attentionSource }, constants);
  const uniforms = { rows, heads, keyHeads, step, splits, scale: 1 / Math.sqrt(headSize) };
  const target = splits > 1 ? partials! : y;
  stream.run(kernel, { places, q, keys, values, y: target }, uniforms, [keyHeads, rows, splits]);
  if (splits === 1) return;
  const join = compile(stream.device, { name: "decode_attention_join", source: joinSource }, { D4, CHUNK: chunk });
  stream.run(join, { places, partials: target, y }, uniforms, grid1d(rows * heads * D4));
}
