// The kernels of single tokens over a cache, but for their products.
import { attentionChunk, attentionPartials, decodeAttention } from "../../../kernels/decode/decode_attention.ts";
import { copySlot, ropeStore } from "../../../kernels/decode/key_value_cache.ts";
import { sampleRows, SampleSpace } from "../../../kernels/decode/sample.ts";
import type { Launch } from "./launch.ts";

/** A cache of ten slots, and the keys of a row that a card walks over in several workgroups. */
const [slots, positions, rows, long] = [10, 2048, 8, 1024];

/** A step over keys of so many bits, whose heads serve so many heads of queries each. */
function attentionLaunch(size: number, bits: 16 | 32, group: number, longest: number): Launch {
  return {
    variant: `heads of ${size} by ${group}, cache of ${bits} bits${longest > 256 ? ", long rows" : ""}`,
    run({ stream, tensor, indices, cached }) {
      const keyHeads = 2;
      const heads = keyHeads * group;
      const each = () => cached([slots, keyHeads, positions, size], bits);
      const [keys, values, places] = [each(), each(), indices([rows, 2])];
      const cache = { keys, values, places, step: 0 };
      const q = tensor([rows, heads, size]);
      const chunk = attentionChunk(stream.device);
      const count = attentionPartials(rows, heads, size, longest, chunk);
      const partials = count > 0 ? tensor([count]) : undefined;
      decodeAttention(stream, q, cache, tensor([rows, heads, size]), { longest, partials });
      const [k, v] = [tensor([rows, keyHeads, size]), tensor([rows, keyHeads, size])];
      ropeStore(stream, { q, k, v }, tensor([positions, 2, size / 2]), cache);
    },
  };
}

const rest: Launch = {
  variant: "",
  run({ stream, tensor, indices, cached }) {
    const each = () => cached([slots, 2, positions, 128], 16);
    copySlot(stream, { keys: each(), values: each() }, 0, 1, positions);
    const space = new SampleSpace(stream.device, 32000, rows, 8);
    sampleRows(stream, tensor([rows, 32000]), indices([rows]), space, { size: 32000, step: 0 });
  },
};

/** Attention of a step, what fills the cache, and the choice of tokens. */
export const decodeLaunches: readonly Launch[] = [
  ...[64, 128].flatMap((size) => [
    attentionLaunch(size, 16, 1, 256),
    attentionLaunch(size, 16, 4, 256),
    attentionLaunch(size, 16, 7, long),
    attentionLaunch(size, 32, 4, 256),
  ]),
  rest,
];
