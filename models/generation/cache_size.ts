import type { Device } from "../../kernels/device.ts";
import type { LlamaConfig } from "../formats/config.ts";
import { type CacheBits, type DecoderSize, layerSlotBytes, slotBytes } from "./decoder.ts";

/** How large the cache of keys and values is: what is left out follows from the rest. */
export interface CacheOptions {
  /** Most tokens of prompt and answer together; never more than the model's. 2,048, or what the bytes allow, when left out. */
  readonly positions?: number | undefined;
  /** Most sequences at once. A request takes one, with beams as many as those. */
  readonly slots?: number | undefined;
  /** Bytes that the cache may take where slots or positions are left out; 1 GiB. */
  readonly cacheBytes?: number | undefined;
  /** Bits of a key's or value's element: 16, as is usual; 32 keeps them as they are computed, at twice the memory. */
  readonly cacheBits?: CacheBits | undefined;
}

/** Where nothing else limits them. Ten slots serve the most beams that Chinese-Vicuna's page offers. */
const defaults = { positions: 2048, slots: 10, cacheBytes: 2 ** 30, cacheBits: 16 } as const;

/** Slots that are worth shorter sequences: four beams, which is that page's default. */
const wantedSlots = 4;

/**
 * The slots and positions of a decoder.
 *
 * @throws {RangeError} for slots that the device cannot bind
 */
export function cacheSize(device: Device, config: LlamaConfig, options: CacheOptions): DecoderSize {
  const { cacheBytes = defaults.cacheBytes, cacheBits = defaults.cacheBits } = options;
  const bindable = Math.floor(device.gpu.limits.maxStorageBufferBindingSize);
  const slotsWithin = (positions: number) =>
    Math.min(
      Math.floor(cacheBytes / slotBytes(config, positions, cacheBits)),
      Math.floor(bindable / layerSlotBytes(config, positions, cacheBits)),
    );
  let positions = Math.min(options.positions ?? defaults.positions, config.maxPositions);
  if (options.positions === undefined) {
    const wanted = options.slots ?? wantedSlots;
    while (positions > 256 && slotsWithin(positions) < wanted) positions = Math.ceil(positions / 128) * 64;
  }
  const slots = options.slots ?? Math.max(1, Math.min(defaults.slots, slotsWithin(positions)));
  const bytes = slots * layerSlotBytes(config, positions, cacheBits);
  if (bytes > bindable) {
    throw new RangeError(
      `${slots} slots of ${positions} positions need a buffer of ${bytes} bytes, ` +
        `the device binds ${bindable}: lower slots or positions`,
    );
  }
  return { slots, positions, cacheBits };
}
