import type { Device } from "../../../kernels/gpu/device.ts";
import { storedAs } from "../../../kernels/gpu/half.ts";
import { Stream } from "../../../kernels/gpu/stream.ts";
import { createTensor, type Tensor } from "../../../kernels/gpu/tensor.ts";
import { createWeight, type Weight, type WeightBits } from "../../../kernels/weight/weight.ts";

/** What launches are made with, on a device that computes nothing. */
export interface LaunchBench {
  readonly stream: Stream;
  readonly tensor: (shape: readonly number[]) => Tensor;
  /** Whole numbers. */
  readonly indices: (shape: readonly number[]) => Tensor;
  /** Keys or values as a cache of so many bits keeps them. */
  readonly cached: (shape: readonly number[], bits: 16 | 32) => Tensor;
  readonly weight: (rows: number, columns: number, bits: WeightBits) => Weight;
}

/** Calls of launchers as a model makes them. */
export interface Launch {
  /** Tells its kernels from the same kernels of other launches; "" where there is one form only. */
  readonly variant: string;
  readonly run: (bench: LaunchBench) => void;
}

/** A bench on a device. */
export function launchBench(device: Device): LaunchBench {
  return {
    stream: new Stream(device),
    tensor: (shape) => createTensor(device, "tensor", shape),
    indices: (shape) => createTensor(device, "indices", shape, "u32"),
    cached(wanted, bits) {
      const { shape, dtype } = storedAs(wanted, bits);
      return createTensor(device, "cache", shape, dtype);
    },
    weight: (rows, columns, bits) => createWeight(device, "weight", rows, columns, bits),
  };
}
