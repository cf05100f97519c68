import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { Device } from "../../../kernels/gpu/device.ts";
import { product, productTransposed } from "../../../kernels/product/product.ts";
import { setSplitK, sliceLength, type SplitK } from "../../../kernels/product/split_k.ts";
import { defaultVariant, productVariant } from "../../../kernels/product/product_variants.ts";
import { type WeightBits, weightOf } from "../../../kernels/weight/weight.ts";
import { packRows, unpackRows } from "../../../kernels/weight/weight_pack.ts";
import { assertClose, type Bench, kernelTest, Random, takenForCard } from "../harness.ts";
import { matmul, transpose } from "../reference.ts";

/** x·Wᵀ onto a residual and dy·W onto dx, of one variant each. */
async function products(bench: Bench, names: readonly string[], bits: WeightBits) {
  const [m, n, k] = [37, 132, 300];
  const random = new Random(bits);
  const values = Float32Array.from(random.values(n * k));
  const weight = weightOf(bench.device, "w", values, n, k, bits);
  const w = unpackRows(packRows(values, n, k, bits), n, k, bits);
  const [x, dy] = [random.values(m * k), random.values(m * n)];
  const [onto, before] = [random.values(m * n), random.values(m * k)];
  const plus = (a: Float64Array, b: Float64Array) => a.map((value, i) => value + b[i]!);
  const wanted = [plus(matmul(x, w, m, n, k), onto), plus(matmul(dy, transpose(w, n, k), m, k, n), before)] as const;
  const [input, cotangent, residual] = [bench.tensor([m, k], x), bench.tensor([m, n], dy), bench.tensor([m, n], onto)];
  const found: [Float32Array, Float32Array][] = [];
  for (const name of names) {
    const variant = productVariant(bench.device, name);
    const [y, dx] = [bench.output([m, n]), bench.tensor([m, k], before)];
    product(bench.stream, input, weight, y, { residual }, { variant });
    productTransposed(bench.stream, cotangent, weight, dx, "add", { variant });
    found.push([await bench.read(y), await bench.read(dx)]);
    assertClose(found.at(-1)![0], wanted[0], 2e-5, `y of ${name}`);
    assertClose(found.at(-1)![1], wanted[1], 2e-5, `dx of ${name}`);
  }
  return found;
}

for (const [slices, bits] of [[2, 8], [4, 4]] as const) {
  kernelTest(
    `sums in ${slices} slices agree with float64, and are the same to the bit side by side and one after the other, at ${bits} bits`,
    async (bench) => {
      const [whole] = await products(bench, ["register-8x8"], bits);
      setSplitK(bench.device, slices);
      const sizes = bits === 8 ? ["32x32", "64x64"] : ["32x32"]; // large ones take seconds to compile for a processor
      const names = ["register-8x8", ...sizes.map((size) => `workgroup-${size}x${slices}`)];
      const [cut, ...others] = await products(bench, names, bits);
      for (const other of others) assertEquals(other, cut);
      assertNotEquals(cut, whole, "other last bits than those of whole sums");
    },
    ["no subgroups"],
  );
}

Deno.test("sliceLength() covers a sum by slices that cut no pair of blocks", () => {
  for (const [inner4, slices, wanted] of [[75, 2, 40], [75, 4, 24], [33, 4, 16], [1024, 4, 256]] as const) {
    const length = sliceLength(inner4, slices as SplitK);
    assertEquals(length, wanted);
    assert(length * slices >= inner4 && length % 8 === 0);
  }
});

kernelTest("a card takes slices side by side only where sums are cut into as many", (bench) => {
  const card = takenForCard(bench.device);
  const shape = { op: "product", bits: 8, rows: 256, inner: 4096, outer: 4096 } as const;
  assertEquals(defaultVariant(card, shape).name, "workgroup-64x64");
  setSplitK(card, 2);
  assertEquals(defaultVariant(card, shape).name, "workgroup-64x64x2");
  assertEquals(defaultVariant(card, { ...shape, rows: 8 }).name, "register-4x4");
  // Two slices' tiles take 19,456 bytes: where there are fewer, the slices are computed one after the other.
  const limits = new Proxy(card.gpu.limits, {
    get: (of, name) => name === "maxComputeWorkgroupStorageSize" ? 16384 : Reflect.get(of, name, of),
  });
  const small = new Device(
    new Proxy(card.gpu, { get: (of, name) => name === "limits" ? limits : Reflect.get(of, name, of) }),
    card.info,
  );
  setSplitK(small, 2);
  assertEquals(defaultVariant(small, shape).name, "workgroup-64x64");
  return Promise.resolve();
}, ["no subgroups"]);
