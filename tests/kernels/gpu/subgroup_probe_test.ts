import { assertEquals } from "@std/assert";
import { openDevice } from "../../../kernels/gpu/device.ts";
import { fixedSubgroupSize, runProbe, type SubgroupProbe } from "../../../kernels/gpu/subgroup_probe.ts";
import "../harness.ts";

const gpu = {} as GPUDevice;

/** A device of which a kernel with rows of `lanes` threads finds these sizes. */
const finds = (found: Readonly<Record<number, number[]>>, tried: number[] = []): SubgroupProbe => (_, lanes) => {
  tried.push(lanes);
  return Promise.resolve(found[lanes] ?? []);
};

Deno.test("the size is that which every thread of every group found, within the range that the adapter tells", async () => {
  const rdna = { subgroupMinSize: 32, subgroupMaxSize: 64 };
  assertEquals(await fixedSubgroupSize(gpu, rdna, finds({ 32: [32, 32], 64: [64, 64] })), 32);
  assertEquals(await fixedSubgroupSize(gpu, rdna, finds({ 32: [0, 0], 64: [64, 64] })), 64);
  const tried: number[] = [];
  assertEquals(
    await fixedSubgroupSize(gpu, { subgroupMinSize: 8, subgroupMaxSize: 32 }, finds({ 16: [16] }, tried)),
    16,
  );
  assertEquals(tried, [32, 16]);
  assertEquals(await fixedSubgroupSize(gpu, {}, finds({ 4: [4] })), 4, "an adapter that tells no range");
});

Deno.test("groups that disagree, wrong results and a refusal give no fixed size", async () => {
  const intel = { subgroupMinSize: 8, subgroupMaxSize: 32 };
  assertEquals(await fixedSubgroupSize(gpu, intel, finds({ 32: [32, 32, 16], 16: [16, 0], 8: [] })), 0);
});

Deno.test("a driver that has one size is asked for that alone, with the kernel that serves", async () => {
  const calls: [number, boolean][] = [];
  const probe: SubgroupProbe = (_, lanes, choice) => {
    calls.push([lanes, choice]);
    return Promise.resolve([lanes]);
  };
  assertEquals(await fixedSubgroupSize(gpu, { subgroupMinSize: 64, subgroupMaxSize: 64 }, probe), 64);
  assertEquals(calls, [[64, false]]);
});

Deno.test("a device on which the probe finds no size is opened without subgroups, and no kernel relies on them", async () => {
  const device = await openDevice({ probe: () => Promise.resolve([8, 4]) });
  assertEquals([device.info.subgroupSize, device.info.features.includes("subgroups")], [0, false]);
  device.close();
});

Deno.test("the kernel finds the size of this machine's driver in all shapes, and that no other holds", async (t) => {
  const device = await openDevice();
  const { software, subgroupSize } = device.info;
  await t.step({
    name: "subgroups",
    ignore: !software || subgroupSize === 0, // a card may hold to several
    async fn() {
      for (const choice of [true, false]) {
        assertEquals(new Set(await runProbe(device.gpu, subgroupSize, choice)), new Set([subgroupSize]));
      }
      assertEquals(new Set(await runProbe(device.gpu, subgroupSize * 2, false)), new Set([0]));
      assertEquals(new Set(await runProbe(device.gpu, subgroupSize / 2, false)), new Set([0]));
      device.check();
    },
  });
  device.close();
});
