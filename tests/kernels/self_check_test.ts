import { assert, assertEquals } from "@std/assert";
import { selfCheck } from "../../kernels/self_check.ts";
import { stagingBytes } from "../../kernels/tensor.ts";
import { kernelTest } from "./harness.ts";

kernelTest("selfCheck() passes on this device and frees what it used but the staging buffer", async ({ device }) => {
  const before = device.allocated;
  const checks = await selfCheck(device);
  assert(checks.length >= 5);
  for (const { name, error, passed } of checks) assert(passed, `${name} is off by ${error}`);
  assertEquals(device.allocated, before + stagingBytes);
});
