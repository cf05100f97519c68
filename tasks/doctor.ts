// deno task doctor: says what there is to compute with, and whether it computes right.
import { format as formatBytes } from "@std/fmt/bytes";
import { statfs } from "node:fs/promises";
import { openDevice, requestAdapter } from "../kernels/device.ts";
import { selfCheck } from "../kernels/self_check.ts";
import { z } from "../mod.ts";
import { parseCommand } from "./cli/command.ts";
import { flagsOf } from "./cli/flags.ts";
import { detectLanguage, LANGUAGES } from "./cli/language.ts";
import { runMain } from "./cli/main.ts";

const options = z.object({
  json: z.boolean().default(false).describe("print one JSON object").meta({ zh: "输出一个 JSON 对象" }),
  lang: z.enum(LANGUAGES).optional().describe("language of messages").meta({ zh: "提示信息的语言" }),
});

const shownLimits = [
  "maxBufferSize",
  "maxStorageBufferBindingSize",
  "maxComputeWorkgroupStorageSize",
  "maxComputeInvocationsPerWorkgroup",
  "maxStorageBuffersPerShaderStage",
] as const;

await runMain(detectLanguage(Deno.args), async () => {
  const language = detectLanguage(Deno.args);
  const zh = language === "zh";
  const parsed = parseCommand(Deno.args, {
    task: "doctor",
    usage: "[options]",
    description: zh
      ? "报告 Deno、图形设备、驱动、限制和磁盘，并在设备上核对计算内核。"
      : "Reports Deno, device, driver, limits and disk, and checks the kernels on the device.",
    groups: [{ heading: zh ? "选项：" : "Options:", flags: flagsOf(options) }],
  }, language);
  if (parsed.wantsHelp) return console.log(parsed.help);

  const adapter = await requestAdapter();
  const device = await openDevice();
  try {
    const checks = await selfCheck(device);
    const disk = await statfs(Deno.cwd());
    const free = disk.bavail * disk.bsize;
    const limits = Object.fromEntries(shownLimits.map((name) => [name, adapter.limits[name]]));
    const healthy = checks.every(({ passed }) => passed);
    if (parsed.values["json"]) {
      console.log(
        JSON.stringify({
          deno: Deno.version.deno,
          device: device.info,
          limits,
          adapterFeatures: [...adapter.features],
          freeDisk: free,
          checks,
          healthy,
        }),
      );
    } else {
      const line = (en: string, cn: string, value: string) => console.log(`${zh ? cn : en}: ${value}`);
      const { description, vendor, architecture, software, subgroupSize, features } = device.info;
      line("Deno", "Deno", `${Deno.version.deno}, ${Deno.build.target}`);
      line("Adapter and driver", "设备与驱动", [description, vendor, architecture].filter(Boolean).join(", "));
      if (software) {
        line(
          "Note",
          "提示",
          zh ? "这是在处理器上运行的软件驱动：能用，但慢" : "a software driver on the processor: it works, slowly",
        );
      }
      line("Subgroup", "子组大小", subgroupSize ? String(subgroupSize) : zh ? "不可用" : "not usable");
      line("Features in use", "启用的特性", features.join(", ") || "-");
      for (const [name, value] of Object.entries(limits)) {
        line(name, name, value > 65536 ? formatBytes(value, { binary: true }) : String(value));
      }
      line("Free disk", "可用磁盘", formatBytes(free));
      for (const { name, error, passed } of checks) {
        line(name, name, `${passed ? "✓" : "✗"} ${zh ? "误差" : "error"} ${error.toExponential(1)}`);
      }
      console.log(
        healthy
          ? (zh ? "一切正常。" : "All is well.")
          : zh
          ? "此设备计算结果有误，不要用它训练。"
          : "This device computes wrong results: do not train on it.",
      );
    }
    if (!healthy) Deno.exitCode = 1;
  } finally {
    device.close();
  }
});
