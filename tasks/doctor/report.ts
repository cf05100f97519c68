// What doctor says: all of it as data, and as lines in a language.
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
import { backendName, doctorMessagesIn } from "./messages.ts";

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
  const messages = doctorMessagesIn(language);
  const words = messages.report;
  const { device, products, memory, limits, advice, checks, healthy } = report;
  const { vendor, architecture, software, subgroupSize, features, driver, vectorWidth, avx512, devices } = device;
  const lines: [string, string][] = [
    ["Deno", `${report.deno}, ${report.target}`],
    [words.adapter, [deviceName(device), vendor, architecture].filter(Boolean).join(", ")],
    [words.backend, backendName(device.backend)],
    [words.driver, driver ? `${driver.name} ${driver.version}` : words.unknownVersion],
  ];
  if (software) {
    lines.push([
      words.note,
      words.softwareDriver,
    ]);
  }
  if (vectorWidth !== null) {
    lines.push([words.vectorWidth, words.bits(vectorWidth)]);
  }
  if (avx512 !== null) lines.push(["AVX-512", avx512 ? words.yes : words.no]);
  lines.push([words.subgroup, subgroupSize ? String(subgroupSize) : words.notUsable]);
  lines.push([words.features, features.join(", ") || "-"]);
  lines.push([
    words.products,
    words.variants(products.forward, products.backward, products.decoding),
  ]);
  lines.push([
    words.memory,
    `${formatMemory(memory.bytes)} (${messagesIn(language).memorySource(memory.source)})`,
  ]);
  for (const [name, value] of Object.entries(limits)) {
    lines.push([name, value > 65536 ? formatBytes(value, { binary: true }) : String(value)]);
  }
  lines.push([words.freeDisk, formatBytes(freeDisk)]);
  if (devices.length > 1) lines.push([words.devices, deviceLines(devices, language).join("; ")]);
  for (const { name, error, passed } of checks) {
    lines.push([name, `${passed ? "✓" : "✗"} ${words.error} ${error.toExponential(1)}`]);
  }
  for (const each of advice) lines.push([words.advice, messages.advice(each, driverCommand())]);
  const verdict = healthy ? words.healthy : words.faulty;
  return [...lines.map(([name, value]) => `${name}: ${value}`), verdict];
}

/** The devices by number, one a line, with the reason where one cannot be chosen. */
export function deviceLines(
  devices: readonly Pick<DeviceFacts["devices"][number], "name" | "obstacle">[],
  language: Language,
): string[] {
  return devices.map(({ name, obstacle }, number) =>
    `${number} ${name}${obstacle === null ? "" : ` (${doctorMessagesIn(language).obstacles[obstacle]})`}`
  );
}
