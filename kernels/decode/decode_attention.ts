// Attention of a decode step: one query a row, over the keys that its slot of the cache holds.
import { expectMultiple, expectShape } from "../gpu/check.ts";
import { compile } from "../gpu/kernel.ts";
import type { Device } from "../gpu/device.ts";
import { isHalf } from "../gpu/half.ts";
import { expectCache, type PlacedCache } from "./key_value_cache.ts";
import { compileRows, rowLanes } from "../gpu/row_kernel.ts";
import { grid1d, type Stream } from "../gpu/stream.ts";
import type { Tensor } from "../gpu/tensor.ts";
import attentionSource from "./decode_attention.wgsl" with { type: "text" };
import joinSource from "./decode_attention_join.wgsl" with { type: "text" };

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
  cache: PlacedCache,
  y: Tensor,
  { longest, partials, chunk = attentionChunk(stream.device) }: DecodeSplit,
): void {
  const [rows, heads, headSize] = q.shape as [number, number, number];
  const { keys, values, places, step } = cache;
  const [keyHeads, positions] = [keys.shape[1]!, keys.shape[2]!];
  const half = isHalf(keys);
  expectMultiple("decode attention", "the head size", headSize, half ? 8 : 4);
  expectMultiple("decode attention", "the number of heads", heads, keyHeads);
  expectCache("decode attention", cache, { rows, keyHeads, headSize });
  expectShape("decode attention", y, q.shape);
  const needed = attentionPartials(rows, heads, headSize, longest, chunk);
  if (needed > (partials?.shape[0] ?? 0)) {
    throw new RangeError(
      `decode attention: ${needed} values of working memory wanted, found ${partials?.shape[0] ?? 0}`,
    );
  }
  const [D4, lanes] = [headSize / 4, rowLanes(stream.device)];
  const { subgroupSize } = stream.device.info;
  const units = half ? D4 / 2 : D4;
  const splits = Math.ceil(longest / chunk);
  const constants = {
    D4,
    GROUP: heads / keyHeads,
    UNITS: units,
    UNIT4: D4 / units,
    Q_VECTORS: Math.ceil(D4 / lanes),
    VECTORS: Math.ceil(units / lanes),
    KEYS: subgroupSize > 0 && lanes % units === 0 ? lanes / units : 1,
    HALF: half,
    CHUNK: chunk,
    SPLIT: splits > 1,
  };
  const kernel = compileRows(stream.device, { name: "decode_attention", source: attentionSource }, constants);
  const uniforms = { rows, heads, keyHeads, positions, step, splits, scale: 1 / Math.sqrt(headSize) };
  const target = splits > 1 ? partials! : y;
  stream.run(kernel, { places, q, keys, values, y: target }, uniforms, [keyHeads, rows, splits]);
  if (splits === 1) return;
  const join = compile(stream.device, { name: "decode_attention_join", source: joinSource }, { D4, CHUNK: chunk });
  stream.run(join, { places, partials: target, y }, uniforms, grid1d(rows * heads * D4));
}
