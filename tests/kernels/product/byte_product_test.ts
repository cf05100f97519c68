import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { byteProductBytes, useByteProducts } from "../../../kernels/product/byte_product.ts";
import { product, productTransposed } from "../../../kernels/product/product.ts";
import { weightOf } from "../../../kernels/weight/weight.ts";
import { packRows } from "../../../kernels/weight/weight_pack.ts";
import { assertClose, kernelTest, Random } from "../harness.ts";

const GROUP = 64;

/** Nearest whole number, half-way ones to the even. */
const round = (value: number) => {
  const down = Math.floor(value);
  const over = value - down;
  return over < 0.5 || over === 0.5 && down % 2 === 0 ? down : down + 1;
};

/** What byte_product.wgsl computes, whole numbers and scales as it has them, in float64. */
function bytesByBytes(x: Float32Array, words: Int8Array, scales: Float32Array, m: number, n: number, k: number) {
  const y = new Float64Array(m * n);
  for (let row = 0; row < m; row++) {
    for (let first = 0; first < k; first += GROUP) {
      const values = x.subarray(row * k + first, row * k + Math.min(k, first + GROUP));
      const most = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      const codes = Array.from(values, (value) => most ? round(Math.fround(value * Math.fround(127 / most))) : 0);
      for (let column = 0; column < n; column++) {
        let whole = 0;
        codes.forEach((code, i) => whole += code * words[column * k + first + i]!);
        y[row * n + column]! += whole * Math.fround(most / 127);
      }
    }
    for (let column = 0; column < n; column++) y[row * n + column]! *= scales[column]!;
  }
  return y;
}

/** The bytes of a packed weight, row by row: its blocks hold four columns of four rows. */
function bytesOf(blocks: Uint8Array, n: number, k: number): Int8Array {
  const words = new Int8Array(blocks.buffer, blocks.byteOffset, blocks.byteLength);
  return Int8Array.from({ length: n * k }, (_, i) => {
    const [row, column] = [Math.floor(i / k), i % k];
    return words[((row >> 2) * (k / 4) + (column >> 2)) * 16 + (row & 3) * 4 + (column & 3)]!;
  });
}

for (const [m, n, k] of [[37, 76, 148], [1, 8, 8], [65, 132, 64]] as const) {
  kernelTest(`products of bytes are those of rounded activations: ${m} × ${n} × ${k}`, async (bench) => {
    const random = new Random(m);
    const values = Float32Array.from(random.values(n * k));
    const weight = weightOf(bench.device, "w", values, n, k, 8);
    const { blocks, scales } = packRows(values, n, k, 8);
    // Columns far larger than the others, and a group of nothing but zeros.
    const x = Float32Array.from(random.values(m * k), (value, i) => i % k === 5 ? 50 * value : i < 4 ? 0 : value);
    const onto = random.values(m * n);
    const [input, residual] = [bench.tensor([m, k], x), bench.tensor([m, n], onto)];
    const [y, added, before] = [bench.output([m, n]), bench.tensor([m, n], onto), bench.output([m, n])];
    product(bench.stream, input, weight, before);
    const whole = await bench.read(before);
    const allocated = bench.device.allocated;
    let inUse: number;
    {
      using _bytes = useByteProducts(bench.device, m, k);
      assertEquals(bench.device.allocated - allocated, byteProductBytes(m, k));
      product(bench.stream, input, weight, y, { residual });
      product(bench.stream, input, weight, added, "add");
      const found = await bench.read(y);
      const wanted = bytesByBytes(x, bytesOf(blocks, n, k), scales, m, n, k);
      assertClose(found, wanted.map((value, i) => value + onto[i]!), 2e-6, "y");
      assertEquals(await bench.read(added), found);
      assertNotEquals(found.map((value, i) => value - onto[i]!), whole);
      // The gradient stays in float32, and so does what is larger than was foreseen.
      const [dy, dx] = [bench.tensor([m, n], onto), bench.output([m, k])];
      productTransposed(bench.stream, dy, weight, dx);
      const large = bench.tensor([m + 1, k], random.values((m + 1) * k));
      product(bench.stream, large, weight, bench.output([m + 1, n]));
      assert((await bench.read(dx)).some((value) => value !== 0));
      inUse = bench.device.allocated;
    }
    assertEquals(bench.device.allocated, inUse - byteProductBytes(m, k));
    product(bench.stream, input, weight, before);
    assertEquals(await bench.read(before), whole);
  }, ["subgroups", "graphics card"]);
}

kernelTest("what is no number or infinite among the activations stays so in their products", async (bench) => {
  const weight = weightOf(bench.device, "w", Float32Array.from(new Random(1).values(4 * 128)), 4, 128, 8);
  for (const odd of [NaN, Infinity, -Infinity]) {
    const x = Float32Array.from({ length: 2 * 128 }, (_, i) => i === 130 ? odd : i % 5);
    using _bytes = useByteProducts(bench.device, 2, 128);
    const y = bench.output([2, 4]);
    product(bench.stream, bench.tensor([2, 128], x), weight, y);
    const found = await bench.read(y);
    assert(found.subarray(0, 4).every(Number.isFinite) && found.subarray(4).every((value) => !Number.isFinite(value)));
  }
}, ["subgroups"]);
