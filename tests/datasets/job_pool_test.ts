import { assert, assertEquals, assertRejects } from "@std/assert";
import { DataError } from "../../datasets/errors.ts";
import { type JobType, mapInOrder } from "../../datasets/job_pool.ts";
import { squares } from "./square_jobs.ts";

async function* jobs(values: Iterable<number>, end?: Error) {
  for (const value of values) yield { job: { value }, transfer: [] };
  if (end !== undefined) throw end;
}

const run = (values: Iterable<number>, workers: number, end?: Error) =>
  Array.fromAsync(mapInOrder(squares, jobs(values, end), { setup: { power: 2 }, workers }));

for (const workers of [1, 2, 3]) {
  Deno.test(`mapInOrder() gives results in the order of the jobs: ${workers} threads`, async () => {
    const values = Array.from({ length: 25 }, (_, value) => value);
    assertEquals(await run(values, workers), values.map((value) => value * value));
    assertEquals(await run([], workers), []);
  });

  Deno.test(`mapInOrder() throws the error of the earliest job, as its own kind: ${workers} threads`, async () => {
    await assertRejects(() => run([1, 4, -1, -2, 5], workers), DataError, "a user's fault");
    const error = await assertRejects(() => run([1, 4, -2, -1, 5], workers));
    assert(!(error instanceof DataError) && error instanceof Error && error.message === "our fault");
    await assertRejects(
      () => run([1, 4, -1], workers, new RangeError("the source failed")),
      DataError,
      "a user's fault",
    );
    await assertRejects(
      () => run([1, 4], workers, new RangeError("the source failed")),
      RangeError,
      "the source failed",
    );
  });

  Deno.test(`mapInOrder() takes jobs no faster than they are done, and stops with its reader: ${workers} threads`, async () => {
    let taken = 0;
    let closed = false;
    async function* endless() {
      try {
        for (;;) yield { job: { value: ++taken }, transfer: [] };
      } finally {
        closed = true;
      }
    }
    let read = 0;
    for await (const _ of mapInOrder(squares, endless(), { setup: { power: 1 }, workers })) {
      assert(taken <= read + 2 * workers + 1, `${taken} taken, ${read} read`);
      if (++read === 10) break;
    }
    assert(closed);
  });
}

Deno.test("mapInOrder() tells when a worker cannot be made ready", async () => {
  const broken = { ...squares, name: "absent" };
  await assertRejects(() => Array.fromAsync(mapInOrder(broken, jobs([1]), { setup: { power: 1 }, workers: 2 })), Error);
});

Deno.test("mapInOrder() lets timers be heard between jobs that wait for nothing", async () => {
  const busy: JobType<null, { value: number }, number> = {
    module: "",
    name: "",
    prepare: () => ({ value }) => {
      for (const begin = performance.now(); performance.now() - begin < 20;);
      return { result: value, transfer: [] };
    },
  };
  let isHeard = false;
  setTimeout(() => isHeard = true);
  let done = 0;
  for await (const _ of mapInOrder(busy, jobs(Array(30).fill(1)), { setup: null, workers: 1 })) {
    done++;
    if (isHeard) break;
  }
  assert(done < 30, "the timer waited for all jobs");
});
