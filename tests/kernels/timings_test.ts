import { assertEquals } from "@std/assert";
import { openDevice } from "../../kernels/device.ts";
import { fill, gatherRows } from "../../kernels/rows.ts";
import { Stream } from "../../kernels/stream.ts";
import { createTensor, destroyTensors } from "../../kernels/tensor.ts";
import { Timings } from "../../kernels/timings.ts";
import "./harness.ts";

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
