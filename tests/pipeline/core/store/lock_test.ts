import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { acquireLock } from "../../../../pipeline/core/store/lock.ts";
import { Workbench } from "../helpers.ts";

Deno.test("acquireLock() waits for the holder and says so once", async () => {
  await using bench = new Workbench();
  const path = join(bench.dir, "locks", "a.lock");
  const order: string[] = [];
  const first = await acquireLock(path);
  const second = acquireLock(path, { onWait: () => order.push("waits") }).then((lock) => {
    order.push("holds");
    lock.release();
  });
  await new Promise((resolve) => setTimeout(resolve, 60));
  assertEquals(order, ["waits"]);
  first.release();
  first.release();
  await second;
  assertEquals(order, ["waits", "holds"]);
});

Deno.test("acquireLock() stops waiting when it is aborted", async () => {
  await using bench = new Workbench();
  const path = join(bench.dir, "a.lock");
  using _held = await acquireLock(path);
  const controller = new AbortController();
  const waiting = assertRejects(() => acquireLock(path, { signal: controller.signal }), Error, "enough");
  setTimeout(() => controller.abort(new Error("enough")), 20);
  await waiting;
});

Deno.test("acquireLock() does not mind what a torn lock file contains", async () => {
  await using bench = new Workbench();
  for (const content of ["", "{ torn", "4242\n"]) {
    const path = await bench.write("a.lock", content);
    using lock = await acquireLock(path);
    assert(lock !== undefined);
  }
});
