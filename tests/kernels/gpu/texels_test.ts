// Reading through textures changes where a value is read, never which: every kernel gives the same bits as through buffers.
import { assertEquals, assertThrows } from "@std/assert";
import { attention, attentionBackward } from "../../../kernels/attention/attention.ts";
import { crossEntropy } from "../../../kernels/loss/cross_entropy.ts";
import { type Device, openDevice } from "../../../kernels/gpu/device.ts";
import { embed } from "../../../kernels/layer/embed.ts";
import { compile } from "../../../kernels/gpu/kernel.ts";
import { loraExpand, loraOuter, loraReduce } from "../../../kernels/lora/lora.ts";
import { product, productTransposed } from "../../../kernels/product/product.ts";
import { rmsNorm, rmsNormBackward } from "../../../kernels/layer/rms_norm.ts";
import { rope } from "../../../kernels/attention/rope.ts";
import { fill } from "../../../kernels/layer/rows.ts";
import { swiglu, swigluBackward } from "../../../kernels/layer/swiglu.ts";
import { type Tensor, upload, view } from "../../../kernels/gpu/tensor.ts";
import { readAsTexels } from "../../../kernels/gpu/texels.ts";
import { freezeWeight, weightOf, weightTensors } from "../../../kernels/weight/weight.ts";
import { weightGradient } from "../../../kernels/product/weight_gradient.ts";
import { Bench, Random } from "../harness.ts";

Deno.test("readAsTexels() turns reads into loads, whatever stands in the brackets, and leaves writes", () => {
  const code = `@group(0) @binding(1) var<storage, read> x: array<vec4f>; // (T)
@group(0) @binding(2) var<storage, read> at: array<u32>;
@group(0) @binding(3) var<storage, read_write> y: array<vec4f>;
fn main() { y[i] += x[at[i]].xyzw * box[0]; y[j] = y[j] + s.x[1]; y[0] *= x[1] - 1; }`;
  const texels = readAsTexels(code, [
    { name: "x", element: "vec4f", binding: 1, access: "read" },
    { name: "at", element: "u32", binding: 2, access: "read" },
    { name: "y", element: "vec4f", binding: 4, access: "read_write" },
  ]);
  const main = texels.split("\n").find((line) => line.startsWith("fn main"));
  assertEquals(
    main,
    "fn main() { y[i] = textureLoad(yBefore, texelAt(i)) + " +
      "(textureLoad(x, texelAt(textureLoad(at, texelAt(i)).x)).xyzw * box[0]); " +
      "y[j] = textureLoad(yBefore, texelAt(j)) + s.x[1]; " +
      "y[0] = textureLoad(yBefore, texelAt(0)) * (textureLoad(x, texelAt(1)) - 1); }",
  );
  assertEquals(texels.match(/var<storage, read>/g), null);
  assertEquals(texels.match(/@binding\(\d\) var \w+: texture_storage_2d<\w+, read>/g)?.length, 3);
  const open = [{ name: "x", element: "vec4f", binding: 1, access: "read" as const }];
  assertThrows(() => readAsTexels("x[1", open), Error, "not closed");
});

/** Whether this driver lets a kernel bind as many textures as they may be. */
const able = await (async () => {
  const device = await openDevice({ texels: true });
  device.close();
  return device.info.texels;
})();
const unable = able ? "" : " (skipped: the driver binds too few textures)";

/** The bits that `body` leaves in a tensor, on a device that reads through textures and on one that does not. */
async function onBoth(body: (bench: Bench, random: Random) => Tensor[]): Promise<[Uint32Array[], Uint32Array[]]> {
  const results: Uint32Array[][] = [];
  for (const texels of [true, false]) {
    const device = await openDevice({ texels });
    const bench = new Bench(device);
    try {
      assertEquals(device.info.texels, texels);
      const bits: Uint32Array[] = [];
      for (const tensor of body(bench, new Random(7))) bits.push(new Uint32Array((await bench.read(tensor)).buffer));
      results.push(bits);
    } finally {
      bench.close();
      device.close();
    }
  }
  return results as [Uint32Array[], Uint32Array[]];
}

/** Registers a test that `body` leaves the same bits in its tensors either way. */
function sameBits(name: string, body: (bench: Bench, random: Random) => Tensor[]): void {
  Deno.test({
    name: `${name} gives the same bits through textures as through buffers${unable}`,
    ignore: !able,
    async fn() {
      const [texels, buffers] = await onBoth(body);
      assertEquals(texels, buffers);
      for (const bits of texels) assertEquals(bits.every((word) => word === bits[0]), false);
    },
  });
}

const random = (bench: Bench, values: Random, shape: number[]) =>
  bench.tensor(shape, values.values(shape.reduce((a, b) => a * b, 1)));

for (const bits of [4, 8, 32] as const) {
  sameBits(
    `a product with a frozen weight of ${bits} bits, 37 × 68 × 52, set, added to and beside a residual,`,
    (bench, r) => {
      const { device, stream } = bench;
      const loose = weightOf(
        device,
        "w",
        Float32Array.from(r.values(68 * 52)),
        68,
        52,
        bits,
        bits === 8 ? 1200 : undefined,
      );
      device.gpu.queue.submit([]);
      const weight = freezeWeight(device, loose);
      const [x, dy, y, dx] = [[37, 52], [37, 68], [37, 68], [37, 52]].map((shape) => random(bench, r, shape)) as [
        Tensor,
        Tensor,
        Tensor,
        Tensor,
      ];
      const z = bench.output([37, 68]);
      product(stream, x, weight, y, "add");
      product(stream, x, weight, z, { residual: dy });
      productTransposed(stream, z, weight, dx);
      const embedded = bench.output([3, 52]);
      embed(stream, bench.indices([67, 0, 41]), weight, embedded);
      return [y, z, dx, embedded];
    },
  );
}

sameBits("attention and its backward, two rows of 19 and 14 tokens,", (bench, r) => {
  const { stream } = bench;
  const starts = bench.indices(Array.from({ length: 33 }, (_, t) => t < 19 ? 0 : 19));
  const [q, k, v, dy] = [4, 2, 2, 4].map((heads) => random(bench, r, [33, heads, 16])) as [
    Tensor,
    Tensor,
    Tensor,
    Tensor,
  ];
  const [y, stats] = [bench.output([33, 4, 16]), bench.output([33, 4, 2])];
  const [dq, dk, dv] = [bench.output([33, 4, 16]), bench.output([33, 2, 16]), bench.output([33, 2, 16])];
  attention(stream, { q, k, v, starts }, y, stats);
  attentionBackward(stream, { q, k, v, starts }, { y, stats, dy }, { dq, dk, dv });
  return [y, dq, dk, dv];
});

sameBits("LoRA's three products, with dropout,", (bench, r) => {
  const { stream } = bench;
  const [x, a, b, y, dx] = [[37, 20], [8, 20], [8, 44], [37, 44], [37, 20]].map((shape) => random(bench, r, shape)) as [
    Tensor,
    Tensor,
    Tensor,
    Tensor,
    Tensor,
  ];
  const [h, gradient] = [bench.output([37, 8]), random(bench, r, [8, 20])];
  const dropout = { probability: 0.3, seed: 1, step: 2, module: 3 };
  loraReduce(stream, x, a, h, 1, dropout);
  loraExpand(stream, h, b, y, 2);
  loraExpand(stream, h, a, dx, 2, dropout);
  loraOuter(stream, h, x, gradient, 2, dropout);
  return [h, y, dx, gradient];
});

sameBits("norms, rotation, swiglu, cross entropy and a weight's gradient, each with its backward,", (bench, r) => {
  const { device, stream } = bench;
  const [x, weight, dy, dx] = [[9, 20], [20], [9, 20], [9, 20]].map((shape) => random(bench, r, shape)) as [
    Tensor,
    Tensor,
    Tensor,
    Tensor,
  ];
  const normed = bench.output([9, 20]);
  rmsNorm(stream, x, weight, normed, 1e-6);
  rmsNormBackward(stream, x, weight, dy, dx, 1e-6, true);
  const [turned, table] = [random(bench, r, [5, 3, 16]), random(bench, r, [8, 2, 8])];
  rope(stream, turned, bench.indices([0, 1, 2, 0, 7]), table, 1);
  const [gate, up, activated] = [random(bench, r, [5, 24]), random(bench, r, [5, 24]), bench.output([5, 24])];
  swiglu(stream, gate, up, activated);
  swigluBackward(stream, random(bench, r, [5, 24]), gate, up);
  const [logits, losses] = [random(bench, r, [6, 132]), bench.output([6])];
  crossEntropy(stream, logits, bench.indices([1, 130, 64, 0, 5, 77]), losses, 131, 0.25);
  const gradient = weightOf(device, "g", Float32Array.from(r.values(20 * 20)), 20, 20, 32);
  weightGradient(stream, dy, x, gradient);
  return [normed, dx, turned, activated, gate, up, logits, losses, ...weightTensors(gradient)];
});

/** y = 2·x through the stream, which may read x from a copy. */
const doubling = {
  name: "doubling",
  source: `struct Uniforms { count4: u32 }
@group(0) @binding(0) var<uniform> u: Uniforms;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u) { if (thread.x < u.count4) { y[thread.x] = 2.0 * x[thread.x]; } }`,
};

/** Registers a test on a device that reads through textures. */
function withTexels(name: string, body: (bench: Bench, device: Device) => Promise<void>): void {
  Deno.test({
    name: name + unable,
    ignore: !able,
    async fn() {
      const device = await openDevice({ texels: true });
      const bench = new Bench(device);
      try {
        await body(bench, device);
        device.check();
      } finally {
        bench.close();
        device.close();
      }
    },
  });
}

withTexels(
  "a copy is made anew when a kernel, or an upload after a submit, has changed what was copied",
  async (bench, device) => {
    const { stream } = bench;
    const double = (x: Tensor, y: Tensor) =>
      stream.run(compile(device, doubling), { x, y }, { count4: x.shape[0]! / 4 }, [Math.ceil(x.shape[0]! / 256)]);
    const whole = bench.tensor([128], new Float32Array(128).fill(1));
    const part = view(whole, "part", 64, [64]);
    const [first, second, third] = [bench.output([128]), bench.output([128]), bench.output([128])];
    double(whole, first);
    fill(stream, part, 3);
    double(whole, second);
    assertEquals([...await bench.read(first)], Array(128).fill(2));
    assertEquals([...await bench.read(second)], [...Array(64).fill(2), ...Array(64).fill(6)]);
    upload(device, whole, new Float32Array(128).fill(5));
    double(whole, third);
    assertEquals([...await bench.read(third)], Array(128).fill(10));
  },
);

withTexels("many tensors of many sizes share the copies, in one submit", async (bench, device) => {
  const { stream } = bench;
  const sizes = [4, 64, 4096, 8192, 36, 20000, 128, 40000, 12, 256, 9000, 4];
  const tensors = sizes.map((size, i) => bench.tensor([size], new Float32Array(size).fill(i + 1)));
  const results = sizes.map((size) => bench.output([size]));
  for (const again of [0, 1]) {
    tensors.forEach((x, i) => {
      const count4 = x.shape[0]! / 4;
      stream.run(compile(device, doubling), { x, y: results[i]! }, { count4 }, [Math.ceil(count4 / 64)]);
      if (!again) fill(stream, x, i + 100);
    });
  }
  for (const [i, result] of results.entries()) {
    assertEquals([...await bench.read(result)], Array(sizes[i]!).fill(2 * (i + 100)));
  }
});

withTexels("a frozen weight takes as much memory as before, and none once it is freed", (bench, device) => {
  const before = device.allocated;
  const loose = weightOf(device, "w", new Float32Array(40 * 24), 40, 24, 4);
  const taken = device.allocated;
  const weight = freezeWeight(device, loose);
  assertEquals(weightTensors(weight).map(({ texture }) => texture !== undefined), [true, true, true]);
  assertEquals(device.allocated, taken);
  for (const { texture } of weightTensors(weight)) device.destroyTexels(texture!);
  assertEquals(device.allocated, before);
  assertEquals(bench.stream.device, device);
  return Promise.resolve();
});
