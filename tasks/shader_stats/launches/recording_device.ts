// A device that computes nothing and needs no driver: it keeps the shaders that launchers compile for a device of a certain kind.
import { Device, type DeviceInfo } from "../../../kernels/gpu/device.ts";

/** A shader as a launcher compiles it. */
export interface RecordedShader {
  /** The kernel's name. */
  readonly kernel: string;
  readonly code: string;
  /** The layout of its bind group, on which a driver's code depends. */
  readonly entries: readonly GPUBindGroupLayoutEntry[];
}

/** What kernels depend on: whether the device has subgroups of a known size. */
export function cardInfo(subgroupSize: number): DeviceInfo {
  return {
    description: "a graphics card",
    backend: "vulkan",
    vendor: "",
    model: "",
    architecture: "",
    software: false,
    unrolls: true,
    texels: false,
    subgroupSize,
    features: subgroupSize > 0 ? ["subgroups"] : [],
  };
}

interface NamedLayout {
  readonly entries: readonly GPUBindGroupLayoutEntry[];
}

/** What every graphics card can bind, at the least. */
const limits = { maxBufferSize: 2 ** 31 - 4, maxStorageBufferBindingSize: 2 ** 31 - 4 };

/** The part of GPUDevice that launchers use, doing nothing. */
function recordingGpu(shaders: RecordedShader[]) {
  const nothing = () => {};
  const pass = { setPipeline: nothing, setBindGroup: nothing, dispatchWorkgroups: nothing, end: nothing };
  return {
    limits,
    lost: new Promise<never>(nothing),
    queue: { writeBuffer: nothing, submit: nothing, onSubmittedWorkDone: () => Promise.resolve() },
    addEventListener: nothing,
    destroy: nothing,
    createBuffer: ({ size }: GPUBufferDescriptor) => ({ size, destroy: nothing }),
    createBindGroup: () => ({}),
    createBindGroupLayout: ({ entries }: GPUBindGroupLayoutDescriptor): NamedLayout => ({ entries: [...entries] }),
    createPipelineLayout: ({ bindGroupLayouts }: { readonly bindGroupLayouts: readonly NamedLayout[] }) =>
      bindGroupLayouts[0]!,
    createShaderModule: ({ code }: GPUShaderModuleDescriptor) => ({ code }),
    createComputePipeline(
      { label, layout, compute }: {
        readonly label: string;
        readonly layout: NamedLayout;
        readonly compute: { readonly module: { readonly code: string } };
      },
    ) {
      shaders.push({ kernel: label, code: compute.module.code, entries: layout.entries });
      return {};
    },
    createCommandEncoder: () => ({ beginComputePass: () => pass, copyBufferToBuffer: nothing, finish: () => ({}) }),
  };
}

/** A device of this kind, and the list that every shader is added to when it is compiled. */
export function recordingDevice(info: DeviceInfo): { readonly device: Device; readonly shaders: RecordedShader[] } {
  const shaders: RecordedShader[] = [];
  return { device: new Device(recordingGpu(shaders) as unknown as GPUDevice, info), shaders };
}
