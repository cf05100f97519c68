import { expectShape } from "../gpu/check.ts";
import type { Device } from "../gpu/device.ts";
import { compile } from "../gpu/kernel.ts";
import { paddedRows } from "./product.ts";
import { rowLanes } from "../gpu/row_kernel.ts";
import type { Stream } from "../gpu/stream.ts";
import type { Tensor } from "../gpu/tensor.ts";
import type { Weight } from "../weight/weight.ts";
import source from "./weight_gradient.wgsl" with { type: "text" };

/** How the gradient is cut into threads: each sums quads × columns blocks, reading so many tokens ahead. */
interface Tile {
  readonly shuffle: boolean;
  readonly lanes: number;
  readonly quads: number;
  readonly columns: number;
  readonly ahead: number;
}

/**
 * Loads are dear on software drivers and registers are memory there, so a tile much larger than the registers pays; still
 * larger ones take many seconds to compile. A graphics card has about 256 registers a thread.
 */
function chooseTile(device: Device): Tile {
  const lanes = rowLanes(device);
  if (!device.info.subgroupSize) return { shuffle: false, lanes, quads: 4, columns: 2, ahead: 1 };
  if (!device.info.software) return { shuffle: true, lanes, quads: 4, columns: 2, ahead: 4 };
  return { shuffle: true, lanes, quads: 16, columns: 1, ahead: Math.min(lanes, Math.max(4, lanes / 16)) };
}

/**
 * gradient (N, K) += dyᵀ·x for dy (T, N) and x (T, K): the gradient of W in y = x·Wᵀ. `gradient` is laid out as the
 * float32 weight itself, so that an optimizer need not know of blocks. N counts padded to a multiple of 4; padding columns
 * of dy must be 0.
 */
export function weightGradient(stream: Stream, dy: Tensor, x: Tensor, gradient: Weight): void {
  const action = `gradient of ${gradient.name}`;
  if (gradient.bits !== 32) throw new RangeError(`${action}: must have 32 bits, found ${gradient.bits}`);
  expectShape(action, x, [-1, gradient.columns]);
  expectShape(action, dy, [x.shape[0]!, paddedRows(gradient)]);
  const { shuffle, lanes, quads, columns, ahead } = chooseTile(stream.device);
  const kernel = compile(stream.device, { name: "weight_gradient", source, readsBefore: ["g"] }, {
    SHUFFLE: shuffle,
    LANES: lanes,
    QUADS: quads,
    COLUMNS: columns,
    AHEAD: ahead,
  });
  const columns4 = gradient.columns / 4;
  for (const { firstRow, rows, blocks } of gradient.parts) {
    stream.run(
      kernel,
      { dy, x, g: blocks },
      { tokens: x.shape[0]!, rows4: rows / 4, columns4, dyStride4: dy.shape[1]! / 4, dyFirst4: firstRow / 4 },
      [Math.ceil(columns4 / lanes / columns), Math.ceil(rows / 4 / quads)],
      2 * x.shape[0]! * rows * gradient.columns,
    );
  }
}
