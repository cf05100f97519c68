// A real training process is stopped by its user, and killed (stopped_training.ts).
import { assertSameWhenStopped, interrupted, killed } from "../tasks/stopped_training.ts";

Deno.test("a training that is stopped ends with the same adapter and the same log as an unbroken one", (t) =>
  assertSameWhenStopped(t, {
    "by Ctrl-C, which finishes the step, saves and exits with 130; twice ends at once": interrupted,
    "killed in a step, and while a checkpoint is written": killed(2),
  }));
