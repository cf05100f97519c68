import { product, productTransposed } from "../../../kernels/product/product.ts";
import { openDevice } from "../../../kernels/gpu/device.ts";
import { destroyTensors } from "../../../kernels/gpu/tensor.ts";
import {
  createWeight,
  uploadRows,
  type Weight,
  type WeightBits,
  weightBuffers,
  weightOf,
  weightTensors,
} from "../../../kernels/weight/weight.ts";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { assertClose, type Bench, kernelTest, Random } from "../harness.ts";
import { packRows, unpackRows } from "../../../kernels/weight/weight_pack.ts";
import { rowBytes } from "../../../kernels/weight/weight_layout.ts";
import { matmul, transpose } from "../reference.ts";

/** A weight of random values and, in float64, the values that it stands for after quantisation. */
function randomWeight(
  bench: Bench,
  random: Random,
  n: number,
  k: number,
  bits: WeightBits,
  maxBytes?: number,
): [Weight, Float64Array] {
  const values = random.values(n * k);
  const weight = weightOf(bench.device, "w", Float32Array.from(values), n, k, bits, maxBytes);
  return [weight, unpackRows(packRows(Float32Array.from(values), n, k, bits), n, k, bits)];
}

/** Pads the columns of (rows, n) with zeros to a multiple of 4. */
function padColumns(x: Float64Array, n: number): Float64Array {
  const padded = Math.ceil(n / 4) * 4;
  const y = new Float64Array(x.length / n * padded);
  x.forEach((value, i) => y[Math.floor(i / n) * padded + i % n] = value);
  return y;
}

/** Compares y = x·Wᵀ, y = residual + x·Wᵀ, dx += dy·W and dx = residual + dy·W with float64. */
async function assertProducts(bench: Bench, random: Random, weight: Weight, w: Float64Array, m: number): Promise<void> {
  const { rows: n, columns: k } = weight;
  const x = random.values(m * k), dy = random.values(m * n), before = random.values(m * k);
  const padded = Math.ceil(n / 4) * 4;
  const y = bench.output([m, padded]);
  product(bench.stream, bench.tensor([m, k], x), weight, y);
  const forward = matmul(x, w, m, n, k);
  assertClose(await bench.read(y), padColumns(forward, n), 2e-5, "y");

  const residual = random.values(m * padded);
  product(bench.stream, bench.tensor([m, k], x), weight, y, { residual: bench.tensor([m, padded], residual) });
  assertClose(await bench.read(y), padColumns(forward, n).map((v, i) => v + residual[i]!), 2e-5, "residual + y");

  const dx = bench.tensor([m, k], before), other = bench.output([m, k]);
  const cotangent = bench.tensor([m, padded], padColumns(dy, n));
  productTransposed(bench.stream, cotangent, weight, dx, "add");
  const backward = matmul(dy, transpose(w, n, k), m, k, n);
  assertClose(await bench.read(dx), backward.map((v, i) => v + before[i]!), 2e-5, "dx");
  productTransposed(bench.stream, cotangent, weight, other, { residual: bench.tensor([m, k], before) });
  assertClose(await bench.read(other), backward.map((v, i) => v + before[i]!), 2e-5, "residual + dx");
}

for (const bits of [4, 8, 32] as const) {
  for (const [m, n, k] of [[1, 8, 4], [3, 5, 12], [17, 67, 20], [65, 132, 36], [37, 601, 8]] as const) {
    kernelTest(
      `product() and productTransposed() of int${bits} agree with float64 at ${m} × ${n} × ${k}`,
      async (bench) => {
        const random = new Random(m * 1000 + n);
        const [weight, w] = randomWeight(bench, random, n, k, bits);
        await assertProducts(bench, random, weight, w, m);
      },
    );
  }

  kernelTest(`products with a weight of ${bits} bits in three parts agree with float64`, async (bench) => {
    for (const [m, n, k] of [[1, 29, 12], [35, 70, 20]] as const) {
      const random = new Random(n);
      const third = Math.ceil(n / 12) * 4;
      const [weight, w] = randomWeight(bench, random, n, k, bits, third * rowBytes(k, bits).blocks);
      assertEquals(weight.parts.map(({ rows }) => rows), [third, third, Math.ceil(n / 4) * 4 - 2 * third]);
      await assertProducts(bench, random, weight, w, m);
    }
  });

  kernelTest(`weightBuffers() lists what createWeight() makes, to the byte, at ${bits} bits`, async (bench) => {
    for (
      const [rows, columns, most] of [[29, 12, 400], [8, 4, 1 << 20], [70, 20, 1700], [3, 8, 256], [
        9,
        36,
        700,
      ]] as const
    ) {
      const before = bench.device.allocated;
      const weight = createWeight(bench.device, "w", rows, columns, bits, most);
      const listed = weightBuffers(rows, columns, bits, most);
      assertEquals(
        weightTensors(weight).map(({ name, buffer }) => ({ suffix: name.slice(1), bytes: buffer.size })),
        listed,
      );
      assertEquals(bench.device.allocated - before, listed.reduce((sum, { bytes }) => sum + bytes, 0));
      assert(listed.every(({ bytes }) => bytes <= most));
      destroyTensors(bench.device, weightTensors(weight));
      assertEquals(bench.device.allocated, before);
    }
    await Promise.resolve();
  });
}

Deno.test("weightBuffers() splits the embedding of a 13B model for a 128 MiB binding, and refuses a row over the limit", () => {
  const most = 2 ** 27;
  const buffers = weightBuffers(32000, 5120, 8, most);
  assertEquals(buffers.map(({ suffix }) => suffix), [" part 1", " part 1 scales", " part 2", " part 2 scales"]);
  assertEquals(buffers.reduce((sum, { bytes }) => sum + bytes, 0), 32000 * 5120 + 32000 * 4);
  assert(buffers.every(({ bytes }) => bytes <= most));
  assertThrows(() => weightBuffers(8, 1000, 32, 8000), RangeError, "1000 columns");
});

Deno.test("uploadRows() refuses rows beyond a weight's end", async () => {
  const device = await openDevice();
  const weight = createWeight(device, "w", 10, 4, 8);
  uploadRows(device, weight, "blocks", 8, new Uint8Array(16));
  assertThrows(
    () => uploadRows(device, weight, "blocks", 8, new Uint8Array(32)),
    RangeError,
    "rows 8 to 16 of w: it has 10",
  );
  device.close();
});

kernelTest("product() names the weight and the shapes when they do not fit", async (bench) => {
  const [weight] = randomWeight(bench, new Random(1), 8, 8, 32);
  const error = assertThrows(() => product(bench.stream, bench.output([2, 4]), weight, bench.output([2, 8])));
  assert(
    String(error).includes("product with w") && String(error).includes("[-1,8]") && String(error).includes("[2,4]"),
  );
  await Promise.resolve();
});
