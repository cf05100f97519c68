import { assert, assertEquals, assertThrows } from "@std/assert";
import { timedShape, tuneProducts, verifiedVariants } from "../../../kernels/product/autotune.ts";
import { openDevice } from "../../../kernels/gpu/device.ts";
import { product, productTransposed } from "../../../kernels/product/product.ts";
import {
  type ProductShape,
  setProductChoices,
  shapeClass,
  variantFor,
} from "../../../kernels/product/product_choice.ts";
import {
  candidateVariants,
  defaultVariant,
  type ProductVariant,
  productVariant,
  productVariants,
} from "../../../kernels/product/product_variants.ts";
import { weightOf } from "../../../kernels/weight/weight.ts";
import { packRows, unpackRows } from "../../../kernels/weight/weight_pack.ts";
import { assertClose, kernelTest, Random, takenForCard } from "../harness.ts";
import { matmul, transpose } from "../reference.ts";

const shape: ProductShape = { op: "product", bits: 8, rows: 70, inner: 20, outer: 132 };

for (const bits of [4, 8] as const) {
  kernelTest(
    `all product variants agree with float64, and with each other to the bit, at ${bits} bits`,
    async (bench) => {
      const [m, n, k] = [69, 132, 44];
      const random = new Random(bits);
      const values = Float32Array.from(random.values(n * k));
      const w = unpackRows(packRows(values, n, k, bits), n, k, bits);
      const weight = weightOf(bench.device, "w", values, n, k, bits);
      const [x, dy] = [random.values(m * k), random.values(m * n)];
      const wanted = [matmul(x, w, m, n, k), matmul(dy, transpose(w, n, k), m, k, n)] as const;
      const [input, cotangent] = [bench.tensor([m, k], x), bench.tensor([m, n], dy)];
      const variants = productVariants(bench.device);
      assert(new Set(variants.map(({ kind }) => kind)).size === (bench.device.info.subgroupSize ? 3 : 2));
      let first: [Float32Array, Float32Array] | undefined;
      for (const variant of variants) {
        const [y, dx] = [bench.output([m, n]), bench.output([m, k])];
        product(bench.stream, input, weight, y, "set", { variant });
        productTransposed(bench.stream, cotangent, weight, dx, "set", { variant });
        const found: [Float32Array, Float32Array] = [await bench.read(y), await bench.read(dx)];
        assertClose(found[0], wanted[0], 2e-5, `y of ${variant.name}`);
        assertClose(found[1], wanted[1], 2e-5, `dx of ${variant.name}`);
        first ??= found;
        assertEquals(found, first, variant.name);
      }
    },
  );
}

Deno.test("verifiedVariants() leaves out a variant that computes something else, and one that the device refuses", async () => {
  const device = await openDevice();
  const good = productVariant(device, "register-8x8");
  const broken: ProductVariant = { ...good, name: "broken", groupRows: 100_000 };
  // Two subgroups in each row of threads: neither holds the activations of all rows.
  const lanes = 2 * Math.max(4, device.info.subgroupSize);
  const wrong = { ...good, name: "wrong", kind: "shuffle", lanes, rows: lanes, groupRows: 1 } as const;
  const kept = await verifiedVariants(device, shape, [broken, good, wrong]);
  assertEquals(kept.map(({ name }) => name), ["register-8x8"]);
  device.check();
  device.close();
});

Deno.test("tuneProducts() chooses among a class's candidates, keeps what is known and obeys its budget", async () => {
  const device = await openDevice();
  const before = device.allocated;
  const wide = { ...shape, outer: 40 }, few = { ...shape, rows: 3 };
  const known = { [shapeClass(wide)]: "register-16x8" };
  const seen: string[] = [];
  const choices = await tuneProducts(device, [shape, { ...shape, outer: 140 }, wide, few], {
    known,
    onProgress: (_, total, name) => seen.push(`${name} of ${total}`),
  });
  assertEquals(seen, [`${shapeClass(shape)} of 1`]);
  assertEquals(Object.keys(choices), [shapeClass(wide), shapeClass(shape)]);
  assertEquals(choices[shapeClass(wide)], "register-16x8");
  const candidates = [defaultVariant(device, shape), ...candidateVariants(device, shape.rows)].map(({ name }) => name);
  assert(candidates.includes(choices[shapeClass(shape)]!));
  const hurried = await tuneProducts(device, [shape], { budgetMs: -1 });
  assertEquals(hurried, { [shapeClass(shape)]: defaultVariant(device, shape).name });
  assert(device.allocated - before <= 4 << 20, "tuning frees what it made, but for the staging that stays");
  device.close();
});

Deno.test("a graphics card is timed at a shape that fills it, a processor at one that is quick", async () => {
  const device = await openDevice();
  const card = takenForCard(device);
  const large = { ...shape, rows: 256, inner: 11008, outer: 4096 };
  assertEquals(timedShape(device, large), { ...large, inner: 1024, outer: 2048 });
  assertEquals(timedShape(card, large), { ...large, inner: 4096 });
  assertEquals(timedShape(card, shape), shape);
  const choices = await tuneProducts(card, [shape]);
  assert(candidateVariants(card, shape.rows).some(({ name }) => name === choices[shapeClass(shape)]));
  device.close();
});

Deno.test("a device takes the chosen variant for a class of shapes, else the default, and no unknown one", async () => {
  const device = await openDevice();
  assertEquals(variantFor(device, shape).name, defaultVariant(device, shape).name);
  const other = { ...shape, op: "product_transposed" as const };
  setProductChoices(device, { [shapeClass(shape)]: "register-8x8", [shapeClass(other)]: "from another version" });
  assertEquals(variantFor(device, shape).name, "register-8x8");
  assertEquals(variantFor(device, { ...shape, rows: 65 }).name, "register-8x8");
  assertEquals(variantFor(device, { ...shape, rows: 64 }).name, defaultVariant(device, { ...shape, rows: 64 }).name);
  assertEquals(variantFor(device, other).name, defaultVariant(device, other).name);
  assertThrows(() => productVariant(device, "shuffle-7x7"), RangeError, "shuffle-7x7");
  device.close();
});
