// What doctor says of a device: facts.ts and report.ts, and the task itself.
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import type { DeviceInfo } from "../../../kernels/gpu/device.ts";
import { deviceFacts } from "../../../tasks/doctor/facts.ts";
import { deviceLines } from "../../../tasks/doctor/report.ts";
import { inFolder, repository, runDeno } from "../children.ts";

const doctor = (env: Record<string, string>, ...args: string[]) =>
  runDeno(["run", "-A", join(repository, "tasks/doctor.ts"), ...args], env);

const llvmpipe: DeviceInfo = {
  ...{ description: "llvmpipe (LLVM 15.0.6, 256 bits)", backend: "vulkan", vendor: "65541", model: "0" },
  ...{ architecture: "", software: true, subgroupSize: 8, texels: true, unrolls: false, features: ["shader-f16"] },
};

Deno.test("the facts of a device are plain data without paths and names of machines or users", () => {
  const facts = deviceFacts(llvmpipe);
  assertEquals(JSON.parse(JSON.stringify(facts)), facts);
  assertEquals([facts.vectorWidth, facts.chosen], [256, false]);
  const text = JSON.stringify(facts);
  for (const secret of ["/", "\\", JSON.stringify(Deno.hostname())]) {
    assertEquals(text.includes(secret), false, `${secret} in ${text}`);
  }
});

Deno.test("devices are listed by number, those that cannot be chosen with the reason", () => {
  const devices = [{ name: "Intel", obstacle: null }, { name: "NVIDIA", obstacle: "driver" as const }];
  assertEquals(deviceLines(devices, "en"), ["0 Intel", "1 NVIDIA (cannot be chosen: it has no Vulkan driver)"]);
  assertEquals(deviceLines(devices, "zh")[1], "1 NVIDIA (无法选择：没有 Vulkan 驱动)");
});

Deno.test("every task that computes on a device takes --device, and says the same of it", async () => {
  // train, plan and evaluate read their flags together, as do generate, chat and serve.
  const helps = await Promise.all(["train", "generate", "bench", "reproduce", "doctor"].map(async (task) => {
    const { stdout } = await runDeno(["run", "-A", join(repository, "tasks", `${task}.ts`), "--help"]);
    return stdout.replaceAll(/\s+/g, " ").match(/--device <text> (device to compute on .*?`doctor --devices`)/)?.[1];
  }));
  assertMatch(helps[0] ?? "", /^device to compute on where there are several/);
  assertEquals(new Set(helps).size, 1);
});

Deno.test({
  name: "doctor --devices lists what --device chooses among, and an unknown one is an error with the list",
  ignore: Deno.build.os !== "linux",
  fn: () =>
    inFolder(async (folder) => {
      const manifest = join(folder, "lvp_icd.test.json");
      await Deno.writeTextFile(manifest, "{}");
      const env = { VK_DRIVER_FILES: manifest };
      const listed = await doctor(env, "--devices", "--json");
      assertEquals(listed.code, 0, listed.stderr);
      const { devices } = JSON.parse(listed.stdout);
      assertEquals(devices.at(-1), { name: "llvmpipe", kind: "software", obstacle: null });
      const unknown = await doctor(env, "--device", "abacus", "--lang", "zh");
      assertEquals(unknown.code, 1);
      assertMatch(unknown.stderr, /无法使用所选的设备（--device）/);
      assertStringIncludes(unknown.stderr, `there is no device abacus; there are: `);
      assertStringIncludes(unknown.stderr, `${devices.length - 1} llvmpipe`);
    }),
});
