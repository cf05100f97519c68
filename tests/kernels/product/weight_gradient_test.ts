import { assert, assertEquals, assertThrows } from "@std/assert";
import { embedGradient, tokensById } from "../../../kernels/layer/embed.ts";
import { normGradientRows, rmsNormWeightGradient } from "../../../kernels/layer/rms_norm.ts";
import { type Weight, weightOf, weightTensors } from "../../../kernels/weight/weight.ts";
import { weightGradient } from "../../../kernels/product/weight_gradient.ts";
import { assertClose, type Bench, everyKind, kernelTest, numericGradient, Random } from "../harness.ts";
import * as reference from "../reference.ts";

/** A gradient that holds `before` (N, K) already. `maxBytes` cuts it into parts. */
function gradientOf(bench: Bench, before: Float64Array, n: number, k: number, maxBytes?: number): Weight {
  return weightOf(bench.device, "w", Float32Array.from(before), n, k, 32, maxBytes);
}

/** The values of a weight, row-major, read back from its blocks; padding must be 0. */
async function valuesOf(bench: Bench, weight: Weight): Promise<Float32Array> {
  const values = new Float32Array(weight.rows * weight.columns);
  for (const { firstRow, rows, blocks } of weight.parts) {
    const read = await bench.read(blocks);
    read.forEach((value, i) => {
      const [block, r, c] = [Math.floor(i / 16), Math.floor(i / 4) % 4, i % 4];
      const row = firstRow + Math.floor(block / (weight.columns / 4)) * 4 + r;
      const column = block % (weight.columns / 4) * 4 + c;
      if (row < weight.rows) values[row * weight.columns + column] = value;
      else assertEquals(value, 0, "padding");
    });
    assertEquals(read.length, rows * weight.columns);
  }
  return values;
}

function destroy(bench: Bench, weight: Weight): void {
  for (const { buffer } of weightTensors(weight)) bench.device.destroyBuffer(buffer);
}

for (
  const [t, n, k, maxBytes] of [[1, 4, 4], [3, 5, 12], [17, 67, 20], [65, 132, 140], [5, 30, 8, 300]] as const
) {
  kernelTest(
    `weightGradient() adds the gradient of a product, ${t} tokens, ${n} × ${k}${maxBytes ? " in parts" : ""}`,
    async (bench) => {
      const random = new Random(t * 100 + n);
      const x = random.values(t * k), dy = random.values(t * n), before = random.values(n * k);
      const padded = Math.ceil(n / 4) * 4;
      const wide = new Float64Array(t * padded);
      dy.forEach((value, i) => wide[Math.floor(i / n) * padded + i % n] = value);
      const gradient = gradientOf(bench, before, n, k, maxBytes);
      assert(maxBytes === undefined || gradient.parts.length > 1);
      weightGradient(bench.stream, bench.tensor([t, padded], wide), bench.tensor([t, k], x), gradient);
      const found = await valuesOf(bench, gradient);
      const product = reference.matmul(reference.transpose(dy, t, n), reference.transpose(x, t, k), n, k, t);
      assertClose(found, product.map((value, i) => value + before[i]!), 2e-5, "gradient");
      if (n * k < 100) {
        const slopes = numericGradient((w) => reference.matmul(x, w, t, n, k), random.values(n * k), dy);
        assertClose(found, slopes.map((value, i) => value + before[i]!), 2e-5, "differences");
      }
      destroy(bench, gradient);
    },
    everyKind,
  );
}

kernelTest("weightGradient() names the weight and the shapes when they do not fit", async (bench) => {
  const gradient = gradientOf(bench, new Float64Array(64), 8, 8);
  const error = assertThrows(() => weightGradient(bench.stream, bench.output([2, 8]), bench.output([3, 8]), gradient));
  assert(String(error).includes("gradient of w") && String(error).includes("[3,8]"), String(error));
  const int8 = weightOf(bench.device, "w", new Float32Array(64), 8, 8, 8);
  assertThrows(
    () => weightGradient(bench.stream, bench.output([2, 8]), bench.output([2, 8]), int8),
    RangeError,
    "32 bits",
  );
  destroy(bench, gradient);
  destroy(bench, int8);
  await Promise.resolve();
});

Deno.test("tokensById() gathers the tokens of each id in their order", () => {
  assertEquals(tokensById(Uint32Array.of(5, 2, 5, 0, 2, 5)), {
    ids: Uint32Array.of(0, 2, 5),
    begins: Uint32Array.of(0, 1, 3, 6),
    order: Uint32Array.of(3, 1, 4, 0, 2, 5),
  });
});

for (const [vocabulary, width, maxBytes] of [[7, 12, undefined], [30, 8, 300]] as const) {
  kernelTest(`embedGradient() adds each token's gradient to its id, ${vocabulary} × ${width}`, async (bench) => {
    const random = new Random(width);
    const ids = Uint32Array.from({ length: 41 }, () => random.below(vocabulary - 1) + 1);
    ids[3] = vocabulary - 1;
    const dy = random.values(ids.length * width), before = random.values(vocabulary * width);
    const gradient = gradientOf(bench, before, vocabulary, width, maxBytes);
    const sorted = tokensById(ids);
    const groups = {
      ids: bench.indices([...sorted.ids]),
      begins: bench.indices([...sorted.begins]),
      order: bench.indices([...sorted.order]),
    };
    embedGradient(bench.stream, groups, bench.tensor([ids.length, width], dy), gradient);
    const lookUp = (table: Float64Array) =>
      Float64Array.from({ length: dy.length }, (_, i) => table[ids[Math.floor(i / width)]! * width + i % width]!);
    const slopes = numericGradient(lookUp, random.values(vocabulary * width), dy);
    assertClose(await valuesOf(bench, gradient), slopes.map((value, i) => value + before[i]!), 1e-5);
    destroy(bench, gradient);
  });
}

for (const [rows, width] of [[1, 4], [3, 20], [71, 68], [33, 132]] as const) {
  kernelTest(`rmsNormWeightGradient() agrees with differences in float64 at ${rows} × ${width}`, async (bench) => {
    const random = new Random(rows + width);
    const x = random.values(rows * width), dy = random.values(rows * width), before = random.values(width);
    const gradient = bench.tensor([width], before);
    const partials = bench.output([normGradientRows, width]);
    const shape = [rows, width];
    rmsNormWeightGradient(bench.stream, bench.tensor(shape, x), bench.tensor(shape, dy), partials, gradient, 1e-5);
    const slopes = numericGradient((weight) => reference.rmsNorm(x, weight, 1e-5), random.values(width), dy);
    assertClose(await bench.read(gradient), slopes.map((value, i) => value + before[i]!), 2e-5);
  }, everyKind);
}
