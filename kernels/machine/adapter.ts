// The one place that asks navigator.gpu for an adapter: by the best backend, on the device that was chosen, with Mesa prepared.
import { type Backend, BACKEND_VARIABLE, backendGivesAdapter, chooseBackend } from "./backend.ts";
import { DeviceChoiceError, DeviceError } from "./device_error.ts";
import { mesaVersion } from "./driver_version.ts";
import { findDevice, listDevices, type ListedDevice, passDevicesOn, REQUEST_VARIABLE } from "./device_list.ts";
import { hasAvx512 } from "./processor.ts";

/** What is known of an adapter; enough to say on which device a result was made. */
export interface AdapterInfo {
  /** The driver's own words, such as "llvmpipe (LLVM 15.0.6, 256 bits)". */
  readonly description: string;
  /** How Deno talks to the driver. */
  readonly backend: Backend;
  /** The vendor as the adapter gives it (a name or a PCI number). */
  readonly vendor: string;
  /** The model as the adapter gives it (PCI's number, or 0). */
  readonly model: string;
  /** The architecture as the adapter gives it, "" where it is silent. */
  readonly architecture: string;
  /** True for a driver that computes on the processor (lavapipe, SwiftShader). */
  readonly software: boolean;
}

/** The device of a result: in the driver's words, which are the same by OpenGL, where results are not. */
export function deviceName({ description, backend }: Pick<AdapterInfo, "description" | "backend">): string {
  return backend === "gl" ? `${description}, OpenGL` : description;
}

/** Names the device that the person chose, for this process and those that it starts. */
const DEVICE_VARIABLE = "VICUNA_DEVICE";

const software = /llvmpipe|lavapipe|swiftshader|software|warp|basic render/i;

let chosen: ListedDevice | undefined;
let prepared: Promise<void> | undefined;
let backend: Backend | undefined;
let backendWasSet = false;

/**
 * Computes on one of several devices, by number in {@linkcode listDevices} or by name: in this process and those that it
 * starts, from the first request for an adapter on. The command line's choice goes before the setting of a pipeline.
 *
 * @throws {DeviceChoiceError} when there is none such, or the process computes on another already
 */
export function chooseDevice(wanted: string, by: "person" | "setting" = "person"): void {
  if (by === "setting" && Deno.env.has(DEVICE_VARIABLE)) return;
  const device = findDevice(wanted, listDevices());
  if (chosen === device) return;
  if (chosen !== undefined || prepared !== undefined) {
    throw new DeviceChoiceError(
      `cannot compute on ${device.name}: a process keeps to one device, and this one ` +
        `${chosen ? `has ${chosen.name}` : "has begun without a choice"}; give --device, which is for all stages`,
    );
  }
  for (const [name, value] of Object.entries(device.environment)) Deno.env.set(name, value);
  if (by === "person") Deno.env.set(DEVICE_VARIABLE, wanted);
  chosen = device;
}

/** Whether the backend was set when this process began, and is not this module's choice. */
export function isBackendSet(): boolean {
  return backendWasSet;
}

/** Whether a device was chosen for this process, by the person or by a pipeline. */
export function isDeviceChosen(): boolean {
  return chosen !== undefined || Deno.env.has(DEVICE_VARIABLE);
}

/**
 * The vector width, in bits, at which lavapipe is quickest. Mesa 22.3 uses 512 bits well; in 25.0 they are half as quick as 256
 * on the same processor (docs/performance.md), and what lies between was not measured: there 256 is the lesser risk.
 */
export function lavapipeWidth(avx512: boolean | undefined, mesa: () => string | undefined): 256 | 512 {
  return avx512 && /^22\./.test(mesa() ?? "") ? 512 : 256;
}

/**
 * Prepares Mesa before it starts; no effect on other drivers, and explicit settings are respected. Lavapipe gets the width
 * that suits it. Without XDG_RUNTIME_DIR Mesa complains on standard error each time.
 */
function prepareMesa(): void {
  if (Deno.build.os !== "linux") return;
  if (!Deno.env.has("XDG_RUNTIME_DIR")) Deno.env.set("XDG_RUNTIME_DIR", "/tmp");
  if (Deno.env.has("LP_NATIVE_VECTOR_WIDTH")) return;
  Deno.env.set("LP_NATIVE_VECTOR_WIDTH", String(lavapipeWidth(hasAvx512(), mesaVersion)));
}

async function prepare(): Promise<void> {
  prepareMesa();
  const explicit = Deno.env.get(BACKEND_VARIABLE);
  backendWasSet = explicit !== undefined;
  backend = await chooseBackend(Deno.build.os, explicit, backendGivesAdapter);
  if (backend !== undefined) Deno.env.set(BACKEND_VARIABLE, backend);
}

/** Sets the environment for the best backend and for Mesa, once. */
function prepareDriver(): Promise<void> {
  return prepared ??= prepare();
}

/** Prepares the driver for processes that are started later and may not look at the machine. */
export async function prepareChildren(): Promise<void> {
  passDevicesOn();
  await prepareDriver();
}

function requestOptions(): GPURequestAdapterOptions {
  switch (Deno.env.get(REQUEST_VARIABLE)) {
    case "low-power":
      return { powerPreference: "low-power" };
    case "software":
      return { forceFallbackAdapter: true };
    default:
      return { powerPreference: "high-performance" };
  }
}

/**
 * The adapter that a device would be opened on.
 *
 * @throws {DeviceError} where there is none, saying what to install, and where it is not the one that was chosen
 */
export async function requestAdapter(): Promise<GPUAdapter> {
  await prepareDriver();
  const adapter = await navigator.gpu?.requestAdapter(requestOptions());
  if (!adapter || backend === undefined) {
    throw new DeviceError(
      "no WebGPU adapter found: wanted a Vulkan, Metal or DX12 driver. On Debian or Ubuntu, " +
        "`apt-get install mesa-vulkan-drivers` gives a software one; with a GPU, install its vendor's Vulkan driver. " +
        `Tried was ${BACKEND_VARIABLE}=${Deno.env.get(BACKEND_VARIABLE) ?? ""}.`,
      "noDevice",
    );
  }
  checkChoice(describe(adapter.info));
  return adapter;
}

/** The driver may know better than the environment. */
function checkChoice({ vendor, model, description, software }: AdapterInfo): void {
  if (chosen === undefined) return;
  const { name, kind, card } = chosen;
  const same = card !== undefined
    ? Number(vendor) === card.vendorId && Number(model) === card.deviceId
    : kind !== "software" || software;
  if (!same) throw new DeviceChoiceError(`device ${name} was chosen, and the system gave ${description}`);
}

/** What an adapter of {@linkcode requestAdapter} says of itself. */
export function describe({ description, device, vendor, architecture }: GPUAdapterInfo): AdapterInfo {
  if (backend === undefined) throw new Error("an adapter was described before one was requested");
  return {
    description: description || device || "unnamed adapter",
    backend,
    vendor,
    model: device,
    architecture,
    software: software.test(`${description} ${vendor}`),
  };
}
