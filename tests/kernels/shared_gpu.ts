// Compiling is most of what a small test on a device costs. Within a test file, all devices that are asked for with the same
// features are one, and what was compiled for it is there for the next test. Each Device still counts its own memory and
// errors; only what a closed one left behind is not taken back before the file's end.

type Maker = (this: GPUDevice, descriptor: never) => object;

/** What {@linkcode shareGpu} put in place of, by name. */
const original = {
  requestDevice: GPUAdapter.prototype.requestDevice,
  destroy: GPUDevice.prototype.destroy,
  createShaderModule: GPUDevice.prototype.createShaderModule,
  createBindGroupLayout: GPUDevice.prototype.createBindGroupLayout,
  createPipelineLayout: GPUDevice.prototype.createPipelineLayout,
  createComputePipeline: GPUDevice.prototype.createComputePipeline,
};

const shared = new Map<string, GPUDevice>();
const caches = new WeakMap<GPUDevice, Map<string, object>>();
const numbers = new WeakMap<object, number>();
let made = 0;

/** A descriptor as text; what was made through {@linkcode remember} stands for itself by its number. */
function keyOf(descriptor: unknown): string {
  return JSON.stringify(
    descriptor,
    (_, value) => typeof value === "object" && value !== null ? numbers.get(value) ?? value : value,
  );
}

/** The maker, which gives what it gave before where a shared device asks for the same again. */
function remember(name: string, make: Maker): Maker {
  return function (descriptor) {
    const cache = caches.get(this);
    const key = `${name} ${keyOf(descriptor)}`;
    const found = cache?.get(key);
    if (found) return found;
    const object = make.call(this, descriptor);
    numbers.set(object, ++made);
    cache?.set(key, object);
    return object;
  };
}

async function requestShared(this: GPUAdapter, descriptor?: GPUDeviceDescriptor): Promise<GPUDevice> {
  const key = keyOf([this.info.description, descriptor]);
  const device = shared.get(key) ?? await original.requestDevice.call(this, descriptor);
  if (!caches.has(device)) caches.set(device, new Map());
  shared.set(key, device);
  return device;
}

/** Makes all devices that this test file opens from here on one. Call it first in a file, before tests are registered. */
export function shareGpu(): void {
  if (GPUAdapter.prototype.requestDevice === requestShared) return;
  GPUAdapter.prototype.requestDevice = requestShared;
  for (
    const name of [
      "createShaderModule",
      "createBindGroupLayout",
      "createPipelineLayout",
      "createComputePipeline",
    ] as const
  ) {
    Object.assign(GPUDevice.prototype, { [name]: remember(name, original[name] as Maker) });
  }
  GPUDevice.prototype.destroy = function () {
    if (!caches.has(this)) original.destroy.call(this);
  };
  addEventListener("unload", () => {
    for (const device of shared.values()) original.destroy.call(device);
  });
}

/** Runs something whose devices are its own, as in a program: one may be lost without harm to other tests. */
export async function withOwnGpu<T>(run: () => Promise<T>): Promise<T> {
  const { requestDevice } = GPUAdapter.prototype;
  GPUAdapter.prototype.requestDevice = original.requestDevice;
  try {
    return await run();
  } finally {
    GPUAdapter.prototype.requestDevice = requestDevice;
  }
}
