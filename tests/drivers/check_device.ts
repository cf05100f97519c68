// Child of drivers_test.ts: opens the device that the environment chooses, with subgroups and without, checks the kernels
// on it, and prints what it found as one line of JSON.
import { openDevice } from "../../kernels/device.ts";
import { selfCheck } from "../../kernels/self_check.ts";

const found = [];
for (const subgroups of [true, false]) {
  const device = await openDevice({ subgroups });
  const failed = (await selfCheck(device)).filter(({ passed }) => !passed).map(({ name }) => name);
  found.push({ description: device.info.description, subgroupSize: device.info.subgroupSize, failed });
  device.close();
}
console.log(JSON.stringify(found));
Deno.exit();
