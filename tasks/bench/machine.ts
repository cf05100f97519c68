// Which kind of machine was measured.
import type { DeviceInfo } from "../../kernels/gpu/device.ts";
import { deviceName } from "../../kernels/machine/adapter.ts";
import type { Language } from "../cli/language.ts";
import { type DeviceFacts, deviceFacts } from "../doctor/facts.ts";
import { benchMessagesIn } from "./messages.ts";

/** What doctor knows of the device, and the processor beside it. */
export interface MachineFacts extends DeviceFacts {
  /** The processor's name; null where the system does not tell. */
  readonly processor: string | null;
  /** Threads that it runs at once. */
  readonly threads: number;
  /** True where the processor has AVX-512 and Mesa is told otherwise, to stand in for one without. */
  readonly avx512HeldBack: boolean;
}

function readText(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return "";
  }
}

/** Gathers the facts. Starts no driver. */
export function machineFacts(
  info: DeviceInfo,
  { facts = deviceFacts(info), cpuinfo = "/proc/cpuinfo" }: { facts?: DeviceFacts; cpuinfo?: string } = {},
): MachineFacts {
  const text = Deno.build.os === "linux" ? readText(cpuinfo) : "";
  return {
    ...facts,
    processor: /^model name\s*:\s*(.*)$/m.exec(text)?.[1] ?? null,
    threads: navigator.hardwareConcurrency,
    avx512HeldBack: facts.avx512 === false && text.includes("avx512f"),
  };
}

/** The facts in two lines: the device with its driver, the processor. */
export function machineLines(facts: MachineFacts, language: Language): string {
  const messages = benchMessagesIn(language);
  const { driver, vectorWidth, processor, threads, avx512, avx512HeldBack } = facts;
  const device = [deviceName(facts)];
  if (driver) device.push(`${driver.name} ${driver.version}`);
  if (vectorWidth !== null) device.push(messages.vectorWidth(vectorWidth));
  const beside = [
    processor ?? messages.unknownProcessor,
    messages.threads(threads),
  ];
  if (avx512HeldBack) beside.push(messages.avx512HeldBack);
  else if (avx512 !== null) beside.push(avx512 ? messages.avx512 : messages.noAvx512);
  return `${device.join(", ")}\n${beside.join(", ")}`;
}
