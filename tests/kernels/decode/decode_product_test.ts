import { assertEquals } from "@std/assert";
import { decodeProduct } from "../../../kernels/decode/decode_product.ts";
import { product } from "../../../kernels/product/product.ts";
import { firstRows } from "../../../kernels/gpu/tensor.ts";
import { type WeightBits, weightOf } from "../../../kernels/weight/weight.ts";
import { rowBytes } from "../../../kernels/weight/weight_layout.ts";
import { packRows, unpackRows } from "../../../kernels/weight/weight_pack.ts";
import { assertClose, type Bench, everyKind, kernelTest, Random } from "../harness.ts";
import * as reference from "../reference.ts";

/** Columns padded with zeros to a multiple of 4. */
function padColumns(x: Float64Array, n: number): Float64Array {
  const padded = Math.ceil(n / 4) * 4;
  return Float64Array.from(
    { length: x.length / n * padded },
    (_, i) => i % padded < n ? x[Math.floor(i / padded) * n + i % padded]! : 0,
  );
}

/** A weight of random values and, in float64, the values that it stands for after quantisation. */
function randomWeight(bench: Bench, random: Random, n: number, k: number, bits: WeightBits, maxBytes?: number) {
  const values = Float32Array.from(random.values(n * k));
  const weight = weightOf(bench.device, "w", values, n, k, bits, maxBytes);
  return { weight, w: unpackRows(packRows(values, n, k, bits), n, k, bits) };
}

for (const bits of [4, 8, 32] as const) {
  for (const [m, n, k] of [[1, 5, 4], [3, 263, 20], [11, 37, 132]] as const) {
    kernelTest(`decodeProduct() of ${bits} bits agrees with float64 at ${m} × ${n} × ${k}`, async (bench) => {
      const random = new Random(m * 1000 + n);
      const { weight, w } = randomWeight(bench, random, n, k, bits);
      const x = random.values(m * k);
      const y = bench.output([m, Math.ceil(n / 4) * 4]);
      decodeProduct(bench.stream, bench.tensor([m, k], x), weight, y);
      assertClose(await bench.read(y), padColumns(reference.matmul(x, w, m, n, k), n), 2e-5);
    }, everyKind);
  }

  kernelTest(`decodeProduct() of ${bits} bits in three parts adds a residual, and gates`, async (bench) => {
    const [m, n, k] = [2, 70, 36];
    const random = new Random(bits + 5);
    const { weight, w } = randomWeight(bench, random, n, k, bits, 24 * rowBytes(k, bits).blocks);
    assertEquals(weight.parts.length, 3);
    const x = random.values(m * k), other = random.values(m * 72);
    const wanted = padColumns(reference.matmul(x, w, m, n, k), n);
    const [input, beside, y] = [bench.tensor([m, k], x), bench.tensor([m, 72], other), bench.output([m, 72])];
    decodeProduct(bench.stream, input, weight, y, { residual: beside });
    assertClose(await bench.read(y), wanted.map((v, i) => v + other[i]!), 2e-5, "residual + y");
    decodeProduct(bench.stream, input, weight, y, { gate: beside });
    assertClose(await bench.read(y), reference.swiglu(other, wanted), 2e-5, "silu(gate) · y");
  }, everyKind);

  kernelTest(`decodeProduct() of ${bits} bits gives a row the same bits alone and among others`, async (bench) => {
    const [m, n, k] = [9, 68, 116];
    const random = new Random(bits);
    const { weight } = randomWeight(bench, random, n, k, bits);
    const x = bench.tensor([m, k], random.values(m * k));
    const y = bench.output([m, n]);
    decodeProduct(bench.stream, x, weight, y);
    const all = await bench.read(y);
    for (const rows of [1, 3, 8]) {
      decodeProduct(bench.stream, firstRows(x, rows), weight, firstRows(y, rows));
      assertEquals((await bench.read(y)).subarray(0, rows * n), all.subarray(0, rows * n), `${rows} rows`);
    }
    if (bench.device.info.software && bench.device.info.subgroupSize) {
      product(bench.stream, x, weight, y);
      assertEquals(await bench.read(y), all, "the product of many rows");
    }
  }, everyKind);
}
