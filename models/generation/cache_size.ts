import type { Device } from "../../kernels/gpu/device.ts";
import type { LlamaConfig } from "../formats/config.ts";
import { sequenceLimit } from "../sequence_limit.ts";
import { type CacheBits, type DecoderSize, layerSlotBytes, slotBytes } from "./decoder.ts";

/** How large the cache of keys and values may be. All are upper bounds: where the bytes do not allow them, both are lowered. */
export interface CacheOptions {
  /** Most tokens of prompt and answer together, never more than the model's; 2,048. */
  readonly positions?: number | undefined;
  /** Most sequences at once: a request takes one, with beams as many as those. 10. */
  readonly slots?: number | undefined;
  /** Most bytes of the cache; 1 GiB. Infinity for what is asked, whatever it takes. */
  readonly cacheBytes?: number | undefined;
  /** Bits of a key's or value's element: 16, as is usual; 32 keeps them as they are computed, at twice the memory. */
  readonly cacheBits?: CacheBits | undefined;
}

/** Where nothing else limits them. Ten slots serve the most beams that Chinese-Vicuna's page offers. */
const defaults = { positions: 2048, slots: 10, cacheBytes: 2 ** 30, cacheBits: 16 } as const;

/** Slots that are worth shorter sequences: four beams, which is that page's default. But not shorter than this. */
const wantedSlots = 4;
const leastPositions = 256;

/**
 * The slots and positions of a decoder.
 *
 * @throws {RangeError} for a single slot that the device cannot bind, or positions beyond a strict limit of the model's
 */
export function cacheSize(device: Device, config: LlamaConfig, options: CacheOptions): DecoderSize {
  const { cacheBytes = defaults.cacheBytes, cacheBits = defaults.cacheBits, slots = defaults.slots } = options;
  const bindable = device.gpu.limits.maxStorageBufferBindingSize;
  const slotsWithin = (positions: number) =>
    Math.min(
      slots,
      Math.floor(cacheBytes / slotBytes(config, positions, cacheBits)),
      Math.floor(bindable / layerSlotBytes(config, positions, cacheBits)),
    );
  const limit = sequenceLimit(config);
  if (limit.strict && (options.positions ?? 0) > limit.tokens) {
    throw new RangeError(
      `the model has ${limit.reason}, ${options.positions} were asked for: lower positions to ${limit.tokens}`,
    );
  }
  let positions = Math.min(options.positions ?? defaults.positions, limit.tokens);
  while (positions > leastPositions && slotsWithin(positions) < Math.min(slots, wantedSlots)) {
    positions = Math.max(leastPositions, Math.ceil(positions / 128) * 64);
  }
  const bytes = layerSlotBytes(config, positions, cacheBits);
  if (bytes > bindable) {
    throw new RangeError(
      `a slot of ${positions} positions needs a buffer of ${bytes} bytes, the device binds ${bindable}: lower positions`,
    );
  }
  return { slots: Math.max(1, slotsWithin(positions)), positions, cacheBits };
}
