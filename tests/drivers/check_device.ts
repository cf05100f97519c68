// Child of drivers_test.ts: opens the device that the environment chooses, checks the kernels on it, and prints what it found
// as one line of JSON.
import { openDevice } from "../../kernels/device.ts";
import { selfCheck } from "../../kernels/self_check.ts";

const device = await openDevice();
const failed = (await selfCheck(device)).filter(({ passed }) => !passed).map(({ name }) => name);
console.log(JSON.stringify({ subgroupSize: device.info.subgroupSize, failed }));
device.close();
Deno.exit();
