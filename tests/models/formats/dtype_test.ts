import { assertEquals } from "@std/assert";
import { fromFloat32, toFloat32 } from "../../../models/formats/dtype.ts";

/** What becomes of values that are written as a type and read again. */
const written = (dtype: "F32" | "F16" | "BF16", ...values: number[]) => [
  ...toFloat32(dtype, fromFloat32(dtype, Float32Array.from(values)), "values"),
];

Deno.test("fromFloat32() keeps what BF16 can hold and rounds the rest to the nearest, half-way to even", () => {
  assertEquals(written("BF16", 0, -0, 1, -1.5, 2 ** 100, Infinity), [0, -0, 1, -1.5, 2 ** 100, Infinity]);
  const unit = 2 ** -7; // between neighbours from 1 to 2
  assertEquals(written("BF16", 1 + unit / 2, 1 + unit * 1.5, 1 + unit * 0.51, -1 - unit * 0.49), [
    1,
    1 + 2 * unit,
    1 + unit,
    -1,
  ]);
  assertEquals(written("BF16", NaN), [NaN]);
});

Deno.test("fromFloat32() rounds to F16 and leaves F32 as it is", () => {
  assertEquals(written("F16", 1 + 2 ** -11, 1 + 3 * 2 ** -11, 2 ** -24, 65504), [1, 1 + 2 ** -9, 2 ** -24, 65504]);
  assertEquals(written("F32", Math.fround(0.1), -7), [Math.fround(0.1), -7]);
});
