// Opens a device with every limit that the adapter offers, counts the memory it hands out, and turns WebGPU's late errors
// into exceptions. It knows no model.
import { type AdapterInfo, describe, requestAdapter } from "./adapter.ts";
import { DeviceError } from "./device_error.ts";
import { rowTexels, texelFormat } from "./texels.ts";

export { chooseDevice, deviceName } from "./adapter.ts";
export { DeviceError, type DeviceFault } from "./device_error.ts";

/** What is known of an open device; enough to say on which one a result was made. */
export interface DeviceInfo extends AdapterInfo {
  /** Threads of a subgroup where that number is fixed and subgroup operations work; 0 otherwise. */
  readonly subgroupSize: number;
  /** Whether kernels read what is only read through textures, see texels.ts. */
  readonly texels: boolean;
  /** Optional features that the device was opened with. */
  readonly features: readonly string[];
}

/** How to open a device. */
export interface OpenOptions {
  /** False opens it without subgroup operations, as a device that lacks them would be (default true). */
  readonly subgroups?: boolean;
  /** Whether kernels read through textures where the device can; only drivers that are quicker so do, unless told. */
  readonly texels?: boolean;
}

type SubgroupInfo = GPUAdapterInfo & { subgroupMinSize?: number; subgroupMaxSize?: number };

/** Whether a driver reads texels quicker than buffers: lavapipe, as measured (docs/performance.md). */
function readsTexelsQuicker({ description, backend }: AdapterInfo): boolean {
  return backend === "vulkan" && /llvmpipe/i.test(description);
}

/** Bindings of a kernel that may be textures at once. */
const mostTextures = 8;

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
  ) {
    gpu.addEventListener("uncapturederror", (event) => {
      event.preventDefault();
      const { error } = event as GPUUncapturedErrorEvent;
      this.#fault ??= error instanceof GPUOutOfMemoryError
        ? new DeviceError(`the GPU is out of memory: ${error.message}`, "memory")
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
    // Deno asks the device, and waits for it, before this call returns; the promise itself only comes 10 ms later.
    this.gpu.queue.onSubmittedWorkDone().catch(() => {});
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
  const fixed = details.subgroupMinSize === details.subgroupMaxSize ? details.subgroupMinSize ?? 0 : 0;
  let gpu: GPUDevice | undefined;
  let subgroupSize = 0;
  if (options.subgroups !== false && fixed >= 4) {
    // Deno does not list the feature although it grants it, so asking is the only way to know.
    try {
      gpu = await open([...optional, "subgroups"]);
      subgroupSize = fixed;
    } catch { /* not granted: open without */ }
  }
  gpu ??= await open(optional);
  const features = subgroupSize ? [...optional, "subgroups"] : optional;
  const described = describe(details);
  const texels = (options.texels ?? readsTexelsQuicker(described)) &&
    gpu.limits.maxStorageTexturesPerShaderStage >= mostTextures;
  return new Device(gpu, { ...described, subgroupSize, texels, features });
}

/** Graphics cards of 8 GB, the smallest that a 7B model is meant for, have about this much to give. */
const assumedMemory = 7.4e9;

/**
 * Bytes that a plan may count on. WebGPU does not tell how much memory a graphics card has, so 8 GB are assumed; a driver
 * that computes on the processor takes what the machine has free.
 */
export async function memoryAtHand(): Promise<number> {
  if (!describe((await requestAdapter()).info).software) return assumedMemory;
  return Math.floor(Deno.systemMemoryInfo().available * 0.9);
}
