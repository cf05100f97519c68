// Opens a device with every limit that the adapter offers, counts the memory it hands out, and turns WebGPU's late errors
// into exceptions. It knows no model.
import { type AdapterInfo, describe, requestAdapter } from "../machine/adapter.ts";
import { DeviceError } from "../machine/device_error.ts";
import { explainOutOfMemory } from "./out_of_memory.ts";
import { fixedSubgroupSize, type SubgroupProbe } from "./subgroup_probe.ts";
import { SubmitLimiter } from "./submit_limit.ts";
import { rowTexels, texelFormat } from "./texels.ts";

export { chooseDevice, deviceName } from "../machine/adapter.ts";
export { DeviceError, type DeviceErrorKind } from "../machine/device_error.ts";

/** What is known of an open device; enough to say on which one a result was made. */
export interface DeviceInfo extends AdapterInfo {
  /** Threads of a subgroup where that number was found to be the same in all groups (subgroup_probe.ts); 0 otherwise. */
  readonly subgroupSize: number;
  /** Whether kernels read what is only read through textures, see texels.ts. */
  readonly texels: boolean;
  /** Optional features that the device was opened with. */
  readonly features: readonly string[];
  /** Whether its compiler takes long unrolled loops well. A driver on the processor spends seconds on each. */
  readonly unrolls: boolean;
}

/** How to open a device. */
export interface OpenOptions {
  /** False opens it without subgroup operations, as a device that lacks them would be (default true). */
  readonly subgroups?: boolean;
  /** Whether kernels read through textures where the device can; only drivers that are quicker so do, unless told. */
  readonly texels?: boolean;
  /** Finds out how many threads a subgroup has, in place of a kernel that is run on the device. */
  readonly probe?: SubgroupProbe;
}

type SubgroupInfo = GPUAdapterInfo & { subgroupMinSize?: number; subgroupMaxSize?: number };

/** Whether a driver reads texels quicker than buffers: lavapipe, as measured (docs/performance.md). */
function readsTexelsQuicker({ description, backend }: AdapterInfo): boolean {
  return backend === "vulkan" && /llvmpipe/i.test(description);
}

/** Bindings of a kernel that may be textures at once. */
const mostTextures = 8;

/** What was found out in this process, by adapter. */
const subgroupSizes = new Map<string, number>();

/** An open graphics device with its memory count. Close it before the process ends. */
export class Device {
  /** Bytes of GPU memory in use now. */
  allocated = 0;
  /** Most bytes ever in use at once. */
  peak = 0;
  #fault: Error | undefined;
  #closed = false;
  readonly #textures = new WeakMap<GPUTexture, number>();

  /** Use {@linkcode openDevice}. */
  constructor(
    /** WebGPU's own device. */
    readonly gpu: GPUDevice,
    /** What the adapter says of itself. */
    readonly info: DeviceInfo,
    /** How much work the device gets at once. */
    readonly submits: SubmitLimiter = new SubmitLimiter(info.software),
  ) {
    gpu.addEventListener("uncapturederror", (event) => {
      event.preventDefault();
      const { error } = event as GPUUncapturedErrorEvent;
      this.#fault ??= error instanceof GPUOutOfMemoryError
        ? new DeviceError(
          `the GPU is out of memory: ${error.message}\n${explainOutOfMemory(info, this.allocated)}.`,
          "memory",
        )
        : new DeviceError(`the GPU refused an operation: ${error.message}`);
    });
    gpu.lost.then((lost) => {
      if (!this.#closed) {
        this.#fault ??= new DeviceError(
          `the GPU device was lost (${lost.reason || "no reason given"}): ${lost.message}`,
          "lost",
        );
      }
    }, () => {});
  }

  /** Makes a buffer of `bytes` (rounded up to 4). Errors: larger than the device allows. */
  createBuffer(label: string, bytes: number, usage: number): GPUBuffer {
    const size = Math.max(4, Math.ceil(bytes / 4) * 4);
    const most = this.gpu.limits.maxBufferSize;
    if (size > most) {
      throw new DeviceError(`cannot make buffer ${label}: wanted ${size} bytes, the device allows ${most}`, "memory");
    }
    const buffer = this.gpu.createBuffer({ label, size, usage });
    this.#count(size);
    return buffer;
  }

  /** Frees a buffer made by {@linkcode Device.createBuffer}. */
  destroyBuffer(buffer: GPUBuffer): void {
    this.#count(-buffer.size);
    buffer.destroy();
  }

  /**
   * Makes a texture of so many rows for a tensor whose elements have this WGSL type, see texels.ts. `bytes` of it count as
   * memory in use: those of the tensor; what is a copy only, on drivers that compute on the processor, does not count.
   */
  createTexels(label: string, element: string, rows: number, bytes: number): GPUTexture {
    const { format } = texelFormat(element)!;
    const usage = GPUTextureUsage.STORAGE_BINDING | GPUTextureUsage.COPY_DST | GPUTextureUsage.COPY_SRC;
    const texture = this.gpu.createTexture({ label, size: [rowTexels, rows], format, usage });
    this.#textures.set(texture, bytes);
    this.#count(bytes);
    return texture;
  }

  /** Frees a texture made by {@linkcode Device.createTexels}. */
  destroyTexels(texture: GPUTexture): void {
    this.#count(-this.#textures.get(texture)!);
    texture.destroy();
  }

  #count(bytes: number): void {
    this.allocated += bytes;
    this.peak = Math.max(this.peak, this.allocated);
  }

  /** Waits for all that was submitted. Blocks the thread. */
  wait(): void {
    // Deno asks the device, and waits for it, before this call returns; the promise itself only comes 10 ms later.
    this.gpu.queue.onSubmittedWorkDone().catch(() => {});
    this.submits.finished();
  }

  /** Throws the first error that the GPU reported since the device was opened. */
  check(): void {
    if (this.#fault) throw this.#fault;
  }

  /**
   * Gives the device back, after the work that was submitted. Leaving a process with work in flight can hang or crash the
   * driver, so call it always.
   */
  close(): void {
    this.#closed = true;
    this.wait();
    this.gpu.destroy();
  }
}

/**
 * Opens the machine's preferred adapter with all its limits and the features that our kernels can use.
 * Errors: {@linkcode DeviceError} where there is no adapter.
 */
export async function openDevice(options: OpenOptions = {}): Promise<Device> {
  const adapter = await requestAdapter();
  const requiredLimits: Record<string, number> = {};
  for (
    const name of [
      "maxStorageBufferBindingSize",
      "maxBufferSize",
      "maxComputeWorkgroupStorageSize",
      "maxComputeInvocationsPerWorkgroup",
      "maxComputeWorkgroupSizeX",
      "maxStorageBuffersPerShaderStage",
      "maxStorageTexturesPerShaderStage",
      "maxTextureDimension2D",
    ] as const
  ) requiredLimits[name] = adapter.limits[name];
  const optional = ["timestamp-query", "shader-f16"].filter((name) => adapter.features.has(name as GPUFeatureName));
  const open = (features: string[]) =>
    adapter.requestDevice({ requiredFeatures: features as GPUFeatureName[], requiredLimits });

  const details = adapter.info as SubgroupInfo;
  let gpu: GPUDevice | undefined;
  let subgroupSize = 0;
  if (options.subgroups !== false) {
    // Deno does not list the feature although it grants it, so asking is the only way to know.
    try {
      gpu = await open([...optional, "subgroups"]);
    } catch { /* not granted: open without */ }
    if (gpu) subgroupSize = await subgroupSizeOf(gpu, details, options.probe);
  }
  gpu ??= await open(optional);
  const features = subgroupSize ? [...optional, "subgroups"] : optional;
  const described = describe(details);
  const texels = (options.texels ?? readsTexelsQuicker(described)) &&
    gpu.limits.maxStorageTexturesPerShaderStage >= mostTextures;
  return new Device(gpu, { ...described, subgroupSize, texels, unrolls: !described.software, features });
}

async function subgroupSizeOf(gpu: GPUDevice, details: SubgroupInfo, probe?: SubgroupProbe): Promise<number> {
  if (probe) return await fixedSubgroupSize(gpu, details, probe);
  const { description, vendor, device, subgroupMinSize, subgroupMaxSize } = details;
  const key = JSON.stringify([description, vendor, device, subgroupMinSize, subgroupMaxSize]);
  const known = subgroupSizes.get(key) ?? await fixedSubgroupSize(gpu, details);
  subgroupSizes.set(key, known);
  return known;
}
