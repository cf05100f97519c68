// A real training process is killed again and again (../tasks/stopped_training.ts), for `deno task test-all`.
import { assertSameWhenStopped, killed } from "../tasks/stopped_training.ts";

Deno.test("a training that is killed ten times ends with the same adapter and the same log as an unbroken one", (t) =>
  assertSameWhenStopped(t, { "killed at ten random points": killed(10) }));
