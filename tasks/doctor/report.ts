// What doctor says: all of it as data, and as lines in two languages.
import { format as formatBytes } from "@std/fmt/bytes";
import { type Device, deviceName } from "../../kernels/gpu/device.ts";
import { type MemoryAtHand, memoryAtHand } from "../../kernels/machine/memory.ts";
import { variantFor } from "../../kernels/product/product_choice.ts";
import type { SelfCheck } from "../../kernels/self_check/self_check.ts";
import type { Language } from "../cli/language.ts";
import { formatBytes as formatMemory } from "../cli/render/memory_lines.ts";
import { messagesIn } from "../cli/messages.ts";
import { type Advice, adviceOn } from "./advice.ts";
import { driverCommand } from "./driver_command.ts";
import { type DeviceFacts, deviceFacts } from "./facts.ts";
import { adviceText, backendName, obstacleText } from "./messages.ts";

const shownLimits = [
  "maxBufferSize",
  "maxStorageBufferBindingSize",
  "maxComputeWorkgroupStorageSize",
  "maxComputeInvocationsPerWorkgroup",
  "maxStorageBuffersPerShaderStage",
] as const;

/** Everything that doctor finds out, as plain data: no names of users or machines, no paths. */
export interface DoctorReport {
  readonly deno: string;
  /** System and processor, such as `x86_64-unknown-linux-gnu`. */
  readonly target: string;
  readonly device: DeviceFacts;
  /** The variants of int8 products, 1024 to 1024: in training forward and backward, and for one row. */
  readonly products: Readonly<Record<"forward" | "backward" | "decoding", string>>;
  /** Bytes that a training may plan with, and who says so. */
  readonly memory: MemoryAtHand;
  readonly limits: Readonly<Record<string, number>>;
  readonly adapterFeatures: readonly string[];
  readonly advice: readonly Advice[];
  readonly checks: readonly SelfCheck[];
  /** Whether all checks passed. */
  readonly healthy: boolean;
}

/** Gathers the report on a device. */
export async function doctorReport(
  device: Device,
  adapter: GPUAdapter,
  checks: readonly SelfCheck[],
): Promise<DoctorReport> {
  const facts = deviceFacts(device.info);
  const product = (op: "product" | "product_transposed", rows: number) =>
    variantFor(device, { op, bits: 8, rows, inner: 1024, outer: 1024 }).name;
  return {
    deno: Deno.version.deno,
    target: Deno.build.target,
    device: facts,
    products: {
      forward: product("product", 256),
      backward: product("product_transposed", 256),
      decoding: product("product", 1),
    },
    memory: await memoryAtHand(),
    limits: Object.fromEntries(shownLimits.map((name) => [name, adapter.limits[name]])),
    adapterFeatures: [...adapter.features],
    advice: adviceOn(facts),
    checks,
    healthy: checks.every(({ passed }) => passed),
  };
}

/** A report in lines. */
export function reportLines(report: DoctorReport, freeDisk: number, language: Language): string[] {
  const zh = language === "zh";
  const say = (en: string, cn: string) => zh ? cn : en;
  const { device, products, memory, limits, advice, checks, healthy } = report;
  const { vendor, architecture, software, subgroupSize, features, driver, vectorWidth, avx512, devices } = device;
  const lines: [string, string][] = [
    ["Deno", `${report.deno}, ${report.target}`],
    [say("Adapter", "设备"), [deviceName(device), vendor, architecture].filter(Boolean).join(", ")],
    [say("Backend", "接口"), backendName(device.backend)],
    [say("Driver", "驱动"), driver ? `${driver.name} ${driver.version}` : say("version unknown", "版本未知")],
  ];
  if (software) {
    lines.push([
      say("Note", "提示"),
      say("a driver on the processor: it works, slowly", "在处理器上运行的软件驱动：能用，但慢"),
    ]);
  }
  if (vectorWidth !== null) {
    lines.push([say("Vector width", "向量宽度"), say(`${vectorWidth} bits`, `${vectorWidth} 位`)]);
  }
  if (avx512 !== null) lines.push(["AVX-512", avx512 ? say("yes", "有") : say("no", "无")]);
  lines.push([say("Subgroup", "子组大小"), subgroupSize ? String(subgroupSize) : say("not usable", "不可用")]);
  lines.push([say("Features in use", "启用的特性"), features.join(", ") || "-"]);
  lines.push([
    say("Products", "矩阵乘变体"),
    say(
      `${products.forward} forward, ${products.backward} backward, ${products.decoding} for one row`,
      `前向 ${products.forward}，反向 ${products.backward}，单行 ${products.decoding}`,
    ),
  ]);
  lines.push([
    say("Memory to plan with", "可规划的显存"),
    `${formatMemory(memory.bytes)} (${messagesIn(language).memorySource(memory.source)})`,
  ]);
  for (const [name, value] of Object.entries(limits)) {
    lines.push([name, value > 65536 ? formatBytes(value, { binary: true }) : String(value)]);
  }
  lines.push([say("Free disk", "可用磁盘"), formatBytes(freeDisk)]);
  if (devices.length > 1) lines.push([say("Devices", "设备列表"), deviceLines(devices, language).join("; ")]);
  for (const { name, error, passed } of checks) {
    lines.push([name, `${passed ? "✓" : "✗"} ${say("error", "误差")} ${error.toExponential(1)}`]);
  }
  for (const each of advice) lines.push([say("Advice", "建议"), adviceText(each, language, driverCommand())]);
  const verdict = healthy
    ? say("All is well.", "一切正常。")
    : say("This device computes wrong results: do not train on it.", "此设备计算结果有误，不要用它训练。");
  return [...lines.map(([name, value]) => `${name}: ${value}`), verdict];
}

/** The devices by number, one a line, with the reason where one cannot be chosen. */
export function deviceLines(
  devices: readonly Pick<DeviceFacts["devices"][number], "name" | "obstacle">[],
  language: Language,
): string[] {
  return devices.map(({ name, obstacle }, number) =>
    `${number} ${name}${obstacle === null ? "" : ` (${obstacleText(obstacle, language)})`}`
  );
}
