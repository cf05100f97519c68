import { assertEquals, assertThrows } from "@std/assert";
import type { Device } from "../../../kernels/gpu/device.ts";
import type { LlamaConfig } from "../../../models/formats/config.ts";
import { cacheSize } from "../../../models/generation/cache_size.ts";
import { slotBytes } from "../../../models/generation/decoder.ts";
import { readConfig } from "../../../models/formats/config.ts";
import { goldenFolder } from "../golden_base.ts";

const device = (bindable = 2 ** 31) =>
  ({ gpu: { limits: { maxStorageBufferBindingSize: bindable } } }) as unknown as Device;
const tiny = await readConfig(`${goldenFolder}plain`);
/** LLaMA-7B's shape: half a MiB of keys and values a token. */
const large: LlamaConfig = { ...tiny, layers: 32, keyValueHeads: 32, headSize: 128, maxPositions: 4096 };

Deno.test("a small model gets all slots and its own positions, as far as they are asked for", () => {
  assertEquals(cacheSize(device(), tiny, {}), { slots: 10, positions: 64, cacheBits: 16 });
  assertEquals(cacheSize(device(), tiny, { slots: 3, positions: 20, cacheBits: 32 }), {
    ...{ slots: 3, positions: 20, cacheBits: 32 },
  });
});

Deno.test("a large model gets shorter slots rather than fewer than four, within the bytes", () => {
  assertEquals(cacheSize(device(), large, {}), { slots: 4, positions: 512, cacheBits: 16 });
  assertEquals(4 * slotBytes(large, 512, 16), 2 ** 30);
  assertEquals(cacheSize(device(), large, { slots: 1 }).positions, 2048);
  assertEquals(cacheSize(device(), large, { slots: 2 }), { slots: 2, positions: 1024, cacheBits: 16 });
  assertEquals(cacheSize(device(), large, { cacheBytes: 2 ** 20 }), { slots: 1, positions: 256, cacheBits: 16 });
  const asked = { slots: 8, positions: 4096 };
  assertEquals(cacheSize(device(), large, { ...asked, cacheBytes: Infinity }), { ...asked, cacheBits: 16 });
});

Deno.test("the slots of a layer are one binding", () => {
  // 128 MiB: what lavapipe binds, 16,384 positions of 8 KiB.
  assertEquals(cacheSize(device(2 ** 27), large, { cacheBytes: Infinity, positions: 4096 }).slots, 4);
  assertEquals(cacheSize(device(2 ** 27), large, { cacheBytes: Infinity, positions: 1024 }).slots, 10);
  assertThrows(
    () => cacheSize(device(2 ** 20), large, {}),
    RangeError,
    "256 positions needs a buffer of 2097152 bytes",
  );
});
