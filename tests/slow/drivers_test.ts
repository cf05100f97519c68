// The kernels on every software driver that is here (../drivers/drivers.ts), each in a process of its own.
import { assertEquals } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { drivers, runOn } from "../drivers/drivers.ts";

// The quick form: all numeric tests on each driver, with subgroups and without, and every shader in Dawn, is
// `deno task test-drivers`.
for (const driver of drivers().filter(({ late }) => !late)) {
  const why = driver.missing === undefined ? "" : ` (skipped: ${driver.missing})`;
  Deno.test({
    name: `kernels compute right on ${driver.name}${why}`,
    ignore: driver.missing !== undefined,
    async fn() {
      const script = fromFileUrl(new URL("../drivers/check_device.ts", import.meta.url));
      const { success, output } = await runOn(driver, ["run", "-A", script, ...(driver.slow ? ["--small"] : [])]);
      assertEquals(success, true, output);
      const found = JSON.parse(output.split("\n").find((line) => line.startsWith("{")) ?? output);
      assertEquals(found, { subgroupSize: driver.subgroupSize, failed: [] });
    },
  });
}
