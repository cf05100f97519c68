import { assert, assertEquals } from "@std/assert";
import { openDevice } from "../../../kernels/gpu/device.ts";
import { fill, gatherRows } from "../../../kernels/layer/rows.ts";
import { Stream } from "../../../kernels/gpu/stream.ts";
import { createTensor, destroyTensors } from "../../../kernels/gpu/tensor.ts";
import { Timings } from "../../../kernels/gpu/timings.ts";
import { nanosecondsPerTick, timestampPeriod } from "../../../kernels/gpu/timestamp_period.ts";
import "../harness.ts";

Deno.test("timings count every dispatch by kernel, beyond one query set, and start anew after a reading", async (t) => {
  const device = await openDevice();
  const timings = Timings.of(device);
  const stream = new Stream(device, { timings });
  const [x, y] = [createTensor(device, "x", [8, 4]), createTensor(device, "y", [8, 4])];
  const indices = createTensor(device, "indices", [8], "u32");
  await t.step({
    name: "counts",
    ignore: timings === undefined, // the device has no timestamp-query
    async fn() {
      for (let i = 0; i < 2100; i++) fill(stream, x, i);
      for (let i = 0; i < 7; i++) gatherRows(stream, x, indices, y);
      stream.flush();
      const read = await timings!.read();
      const counts = Object.fromEntries(read.map(({ kernel, dispatches }) => [kernel, dispatches]));
      assertEquals(counts, { fill: 2100, gather_rows: 7 });
      // Every dispatch takes some time, and all of them together no more than a generous minute.
      for (const { ms } of read) assertEquals(ms > 0 && ms < 60_000, true, `${ms} ms`);
      fill(stream, x, 1);
      stream.flush();
      assertEquals((await timings!.read()).map(({ kernel, dispatches }) => [kernel, dispatches]), [["fill", 1]]);
      assertEquals(await timings!.read(), []);
    },
  });
  timings?.close();
  stream.close();
  destroyTensors(device, [x, y, indices]);
  device.close();
});

/** A device whose clock ticks every `period` ns, asked by a way that takes these ms, the stamp in the middle. */
function clock(period: number, ways: readonly number[]) {
  let [now, call] = [5000, 0];
  return {
    mark: () => {
      const way = ways[call++ % ways.length]!;
      const before = now;
      now += way;
      return Promise.resolve({ ticks: BigInt(Math.round((before + way / 2) * 1e6 / period)), before, after: now });
    },
    wait: (ms: number) => Promise.resolve(void (now += ms)),
  };
}

Deno.test("ticks of any length are told from the wall clock; those that are nanoseconds stay as they are", async () => {
  for (const period of [10, 52.08, 0.5]) {
    const { mark, wait } = clock(period, [0.4, 8, 3]);
    const found = await nanosecondsPerTick(mark, wait);
    assert(Math.abs(found / period - 1) < 1e-3, `${found} for ${period}`);
  }
  const { mark, wait } = clock(1.1, [0.4]);
  assertEquals(await nanosecondsPerTick(mark, wait), 1, "an error of the measurement");
  const stopped = { ticks: 7n, before: 1, after: 2 };
  assertEquals(await nanosecondsPerTick(() => Promise.resolve(stopped), () => Promise.resolve()), 1);
});

Deno.test("a mark that was held up does not count", async () => {
  let call = 0;
  const held = () => {
    const at = call++ < 3 ? 0 : 100;
    // The second mark of each end: taken at once, and told late.
    const late = call % 3 === 2 ? 50 : 1;
    return Promise.resolve({ ticks: BigInt((at + 0.5) * 1e5), before: at, after: at + late });
  };
  assertEquals(await nanosecondsPerTick(held, () => Promise.resolve()), 10);
});

Deno.test("the machine's software driver counts nanoseconds", async (t) => {
  const device = await openDevice();
  await t.step({
    name: "period",
    ignore: !device.info.software || !device.info.features.includes("timestamp-query"),
    fn: async () => assertEquals(await timestampPeriod(device), 1),
  });
  device.close();
});
