// Child of tests/slow/drivers_test.ts: opens the device that the environment chooses, checks the kernels on it, and prints what it found
// as one line of JSON. With --small it checks the kernels for small heads and int8 weights alone, which compile quickly.
import { openDevice } from "../../kernels/gpu/device.ts";
import { selfCheck } from "../../kernels/self_check/self_check.ts";

const device = await openDevice();
const use = Deno.args.includes("--small") ? { headSizes: [16], bits: [8] as const } : undefined;
const failed = (await selfCheck(device, use)).filter(({ passed }) => !passed).map(({ name }) => name);
console.log(JSON.stringify({ subgroupSize: device.info.subgroupSize, failed }));
device.close();
Deno.exit();
