// Keys and values of earlier tokens, which decode steps and the later chunks of a prompt read again. A sequence has a slot; in
// it the keys of a head lie one after the other, so that a query reads them in one go.
import { expectMultiple, expectShape } from "../gpu/check.ts";
import { isHalf } from "../gpu/half.ts";
import { compile } from "../gpu/kernel.ts";
import { grid1d, type Stream } from "../gpu/stream.ts";
import { elements, type Tensor, view } from "../gpu/tensor.ts";
import copySource from "./copy_slot.wgsl" with { type: "text" };
import ropeStoreSource from "./rope_store.wgsl" with { type: "text" };

/** Keys and values of one layer, (slots, G, P, D) for P positions, float32 or pairs of float16 (half.ts; D a multiple of 8). */
export interface LayerCache {
  readonly keys: Tensor;
  readonly values: Tensor;
}

/** A layer's cache, and where the keys and values of each row belong. */
export interface PlacedCache extends LayerCache {
  /** (B, 2): a row's slot, and its position at step 0. */
  readonly places: Tensor;
  /** Steps since `places` was written: each adds one to the positions. */
  readonly step: number;
}

/** The keys, or the values, of one slot (G, P, D). Its bytes must be a multiple of 256, where a binding may begin. */
export function slotOf(cache: Tensor, slot: number): Tensor {
  const shape = cache.shape.slice(1);
  return view(cache, cache.name, slot * elements(shape), shape);
}

/** Errors: the cache, or the places, are not of the shape that these rows and heads want. */
export function expectCache(
  what: string,
  { keys, values, places }: PlacedCache,
  { rows, keyHeads, headSize }: { readonly rows: number; readonly keyHeads: number; readonly headSize: number },
): void {
  expectShape(what, keys, [-1, keyHeads, -1, isHalf(keys) ? headSize / 2 : headSize]);
  expectShape(what, values, keys.shape);
  expectShape(what, places, [rows, 2]);
}

/**
 * Turns q (B, H, D) in place and k (B, G, D) by the angles of their positions, and writes k and v (B, G, D) to the cache at
 * these positions. `table` is that of `rope`. Places must differ from row to row, and be within slots and table.
 */
export function ropeStore(
  stream: Stream,
  { q, k, v }: { readonly q: Tensor; readonly k: Tensor; readonly v: Tensor },
  table: Tensor,
  cache: PlacedCache,
): void {
  const [rows, heads, headSize] = q.shape as [number, number, number];
  const keyHeads = k.shape[1]!;
  expectMultiple("rope store", "the head size", headSize, 8);
  expectShape("rope store", k, [rows, keyHeads, headSize]);
  expectShape("rope store", v, k.shape);
  expectShape("rope store", table, [-1, 2, headSize / 2]);
  expectCache("rope store", cache, { rows, keyHeads, headSize });
  const { keys, values, places, step } = cache;
  const kernel = compile(stream.device, { name: "rope_store", source: ropeStoreSource }, {
    HEAD_SIZE: headSize,
    HALF: isHalf(keys),
  });
  const uniforms = { rows, heads, keyHeads, positions: keys.shape[2]!, step };
  const threads = rows * (heads + 2 * keyHeads) * headSize / 8;
  stream.run(kernel, { places, table, q, k, v, keys, values }, uniforms, grid1d(threads));
}

/** Makes the first tokens of a slot those of another. The head size must be a multiple of 8. */
export function copySlot(stream: Stream, { keys, values }: LayerCache, from: number, to: number, tokens: number): void {
  const [slots, keyHeads, positions, words] = keys.shape as [number, number, number, number];
  expectMultiple("copy slot", "the words of a key", words, 4);
  expectShape("copy slot", values, keys.shape);
  if (Math.max(from, to) >= slots || tokens > positions) {
    throw new RangeError(`copy slot: ${tokens} tokens of slot ${from} to ${to} wanted; found ${slots} of ${positions}`);
  }
  const kernel = compile(stream.device, { name: "copy_slot", source: copySource });
  const uniforms = { sourceSlot: from, slot: to, keyHeads, run4: tokens * words / 4, head4: positions * words / 4 };
  stream.run(kernel, { keys, values }, uniforms, grid1d(keyHeads * uniforms.run4));
}
