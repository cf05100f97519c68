// How closely the losses of two trainings must agree: trajectory.ts, which other tests lean on.
import { assertThrows } from "@std/assert";
import { assertTrajectory, stepTolerance } from "./trajectory.ts";

const wanted = Array.from({ length: 30 }, (_, step) => ({ loss: 40 - step, norm: 2 + step }));

/** The steps with one of them off by a factor. */
function drifted(step: number, quantity: "loss" | "norm", factor: number) {
  return wanted.map((right, i) => i === step ? { ...right, [quantity]: right[quantity] * factor } : right);
}

Deno.test("assertTrajectory() holds early steps tightly and late ones loosely", () => {
  assertTrajectory(wanted, wanted);
  assertTrajectory(drifted(21, "norm", 1 + 1.13e-4), wanted);
  assertThrows(
    () => assertTrajectory(drifted(0, "loss", 1 - 1e-5), wanted),
    Error,
    "loss of step 0 is 39.9996, wanted 40",
  );
  assertThrows(() => assertTrajectory(drifted(4, "norm", 1 + 1.13e-4), wanted), Error, "gradient norm of step 4");
  assertThrows(() => assertTrajectory(drifted(29, "loss", 1.002), wanted), Error, "2.00e-3, 1.0e-3 allowed");
});

Deno.test("assertTrajectory() refuses what is no number and steps that are missing", () => {
  assertThrows(() => assertTrajectory(drifted(9, "norm", NaN), wanted), Error, "gradient norm of step 9 is NaN");
  assertThrows(() => assertTrajectory(wanted.slice(1), wanted), Error, "steps");
});

Deno.test("the tolerance never shrinks with the steps", () => {
  for (let step = 1; step < 100; step++) {
    if (stepTolerance(step) < stepTolerance(step - 1)) throw new Error(`step ${step}`);
  }
});
