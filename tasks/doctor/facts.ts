// What there is to compute with, as plain data: no names of users or machines, no paths.
import type { DeviceInfo } from "../../kernels/gpu/device.ts";
import { listDevices, type ListedDevice, type Obstacle } from "../../kernels/machine/device_list.ts";
import { mesaVersion, nvidiaVersion } from "../../kernels/machine/driver_version.ts";
import { hasAvx512 } from "../../kernels/machine/processor.ts";
import { isBackendSet, isDeviceChosen } from "../../kernels/machine/adapter.ts";

/** A device of the machine, as {@linkcode DeviceFacts} have it. */
export interface DeviceEntry {
  readonly name: string;
  readonly kind: ListedDevice["kind"];
  /** Whether it is the one that was opened, where that can be told. */
  readonly inUse: boolean;
  /** Whether it shares the processor's memory. */
  readonly integrated: boolean;
  /** Why it cannot be chosen. */
  readonly obstacle: Obstacle | null;
}

/** What decides how fast an open device is, and what could be better. */
export interface DeviceFacts extends DeviceInfo {
  readonly os: string;
  /** The driver and its version, where its files tell. */
  readonly driver: { readonly name: "Mesa" | "NVIDIA"; readonly version: string } | null;
  /** Bits that a driver on the processor computes at once. */
  readonly vectorWidth: number | null;
  /** Whether the processor has AVX-512, where the system tells. */
  readonly avx512: boolean | null;
  /** What compiles shaders for DX12, where that was set. */
  readonly dx12Compiler: string | null;
  /** What there is to choose among. */
  readonly devices: readonly DeviceEntry[];
  /** Whether the person chose one. */
  readonly chosen: boolean;
  /** Whether the person set the backend. */
  readonly backendSet: boolean;
}

function driverOf({ vendor, description, backend }: DeviceInfo): DeviceFacts["driver"] {
  if (Deno.build.os !== "linux") return null;
  const nvidia = Number(vendor) === 0x10de && !/nvk/i.test(description) ? nvidiaVersion() : undefined;
  if (nvidia !== undefined) return { name: "NVIDIA", version: nvidia };
  const isMesa = backend === "gl" || /llvmpipe|radv|nvk|intel|mesa/i.test(description);
  const mesa = isMesa ? mesaVersion() : undefined;
  return mesa === undefined ? null : { name: "Mesa", version: mesa };
}

function isInUse({ name, kind, card }: ListedDevice, { vendor, model, description }: DeviceInfo): boolean {
  if (kind === "software") return description.toLowerCase().includes(name.toLowerCase());
  return card !== undefined && Number(vendor) === card.vendorId && Number(model) === card.deviceId;
}

/** Gathers the facts about an open device. Starts no driver. */
export function deviceFacts(info: DeviceInfo): DeviceFacts {
  const vectorWidth = info.software ? /(\d+) bits/.exec(info.description)?.[1] : undefined;
  return {
    ...info,
    os: Deno.build.os,
    driver: driverOf(info),
    vectorWidth: vectorWidth === undefined ? null : Number(vectorWidth),
    avx512: hasAvx512() ?? null,
    dx12Compiler: Deno.env.get("DENO_WEBGPU_DX12_COMPILER") ?? null,
    devices: listDevices().map((device) => ({
      name: device.name,
      kind: device.kind,
      inUse: isInUse(device, info),
      integrated: device.card?.integrated ?? false,
      obstacle: device.obstacle ?? null,
    })),
    chosen: isDeviceChosen(),
    backendSet: isBackendSet(),
  };
}
