import { assert, assertEquals } from "@std/assert";
import { factorOf, levelOf, packRows, unpackRows } from "../../../kernels/weight/weight_pack.ts";
import { Random } from "../harness.ts";

const shape = [7, 20] as const;

function values(seed: number): Float32Array {
  const random = new Random(seed);
  const [rows, columns] = shape;
  const values = Float32Array.from(random.values(rows * columns));
  values.fill(0, 2 * columns, 3 * columns);
  return values;
}

Deno.test("packRows() to int8 is within half a step of every value, keeps zeros and the sign's symmetry", () => {
  const given = values(3);
  const [rows, columns] = shape;
  const packed = packRows(given, rows, columns, 8);
  const found = unpackRows(packed, rows, columns, 8);
  const mirrored = unpackRows(packRows(given.map((v) => -v), rows, columns, 8), rows, columns, 8);
  found.forEach((value, i) => {
    const step = packed.scales[Math.floor(i / columns)]!;
    assert(Math.abs(value - given[i]!) <= step * 0.5000001, `value ${i}: ${value} for ${given[i]}, step ${step}`);
    assert(value + mirrored[i]! === 0);
  });
  assertEquals(packed.scales[2], 0);
});

Deno.test("packRows() to 4 bits keeps values that codes, factors and a scale make, and zeros", () => {
  const [rows, columns] = [5, 28];
  const random = new Random(5);
  const made = Float64Array.from({ length: rows * columns }, (_, i) => {
    const row = Math.floor(i / columns), column = i % columns;
    const factor = column < 8 ? 15 : row * 3 + (column >> 3) - 1;
    // The outermost level of each eight tells the factor.
    const code = column % 8 ? random.below(16) : 15;
    return levelOf(code) * factorOf(factor) * 2 ** -row;
  });
  made.fill(0, 2 * columns, 3 * columns);
  const packed = packRows(Float32Array.from(made), rows, columns, 4);
  const found = unpackRows(packed, rows, columns, 4);
  found.forEach((value, i) => assert(Math.abs(value - made[i]!) <= 1e-6 * Math.abs(made[i]!), `${i}: ${value}`));
  assertEquals([...packed.scales.subarray(5)], [0, 0, 0]);
});

Deno.test("packRows() to 4 bits leaves under 0.8 % of the squares of normally distributed values", () => {
  const random = new Random(9);
  const normal = Float32Array.from(
    { length: 32 * 512 },
    () => Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next()),
  );
  const found = unpackRows(packRows(normal, 32, 512, 4), 32, 512, 4);
  const error = normal.reduce((sum, value, i) => sum + (value - found[i]!) ** 2, 0);
  const squares = normal.reduce((sum, value) => sum + value ** 2, 0);
  assert(error / squares < 0.008, `left ${100 * error / squares} %`);
});

Deno.test("packRows() keeps float32 as it is", () => {
  const given = values(4);
  assertEquals([...unpackRows(packRows(given, ...shape, 32), ...shape, 32)], [...given]);
});
