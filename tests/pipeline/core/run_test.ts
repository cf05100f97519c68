import { assertEquals } from "@std/assert";
import { joinAndShout, reasons, summary, Workbench } from "./helpers.ts";

Deno.test("runPipeline() computes each stage once and then takes it from the store", async () => {
  await using bench = new Workbench();
  const path = await bench.write("a.txt", "one\n");
  const first = await bench.run(() => joinAndShout(bench.calls, [path]));
  assertEquals(summary(first), ["join ran", "shout ran"]);
  assertEquals(reasons(bench.events), ["join: first run", "shout: first run"]);
  assertEquals(await Deno.readTextFile(`${first.targets.loud.dir}/text.txt`), "ONE!");
  const second = await bench.run(() => joinAndShout(bench.calls, [path]));
  assertEquals(summary(second), ["join cached", "shout cached"]);
  assertEquals(bench.calls, []);
  assertEquals(second.targets.loud.digest, first.targets.loud.digest);
});
