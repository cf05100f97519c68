import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { openDevice } from "../../../kernels/gpu/device.ts";
import { compile } from "../../../kernels/gpu/kernel.ts";

const shader = (value: number) =>
  `@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@compute @workgroup_size(1) fn main() { y[0] = y[0] * {{N}} + ${value}.0; }`;

Deno.test("compile() makes a kernel once for a source and constants, and never takes one of the same name for another", async () => {
  const device = await openDevice();
  try {
    const one = compile(device, { name: "same", source: shader(1) }, { N: 2 });
    assert(compile(device, { name: "same", source: ["", shader(1)].slice(1) }, { N: 2 }) === one);
    const others = [
      compile(device, { name: "same", source: shader(2) }, { N: 2 }),
      compile(device, { name: "same", source: shader(1) }, { N: 3 }),
      compile(device, { name: "same", source: ["// a piece before it", shader(1)] }, { N: 2 }),
      compile(device, { name: "same", source: shader(1), readsBefore: ["y"] }, { N: 2 }),
    ];
    assertEquals(new Set([one, ...others].map(({ id }) => id)).size, 5);
    assertNotEquals(others[0]!.code, one.code);
    assertEquals(others[3]!.bindings.map(({ copyable }) => copyable), [true]);
  } finally {
    device.close();
  }
});
