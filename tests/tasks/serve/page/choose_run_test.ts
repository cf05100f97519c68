import { assertEquals } from "@std/assert";
import { runToShow } from "../../../../tasks/serve/page/parts/choose_run.ts";

const done = (id: string) => ({ id, status: "done" as const });
const running = (id: string) => ({ id, status: "running" as const });

Deno.test("runToShow() prefers a run that runs, then stays with the one that was shown, then takes the newest", () => {
  assertEquals(runToShow([], undefined), undefined);
  assertEquals(runToShow([done("c"), done("b")], undefined), "c");
  assertEquals(runToShow([done("c"), running("b"), running("a")], undefined), "b");
  assertEquals(runToShow([done("c"), running("b"), running("a")], "a"), "a");
  assertEquals(runToShow([done("c"), running("b")], "c"), "b");
  assertEquals(runToShow([done("c"), done("b")], "b"), "b", "it has just ended");
  assertEquals(runToShow([done("c"), done("b")], "gone"), "c");
});
