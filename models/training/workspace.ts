// Every buffer that a pass over packed tokens writes to, allocated once for the largest micro-batch, as workspace_layout.ts
// has planned them.
import type { Device } from "../../kernels/gpu/device.ts";
import { createTensor, destroyTensors, placeTensor, type Tensor } from "../../kernels/gpu/tensor.ts";
import type { LlamaConfig } from "../formats/config.ts";
import { ropeTable } from "../rope_table.ts";
import {
  type GradientBuffer,
  type HeadBuffer,
  type LayerBuffer,
  layOut,
  type Placed,
  type WorkspaceLayout,
  type WorkspaceSize,
} from "./workspace_layout.ts";

export type { WorkspaceSize } from "./workspace_layout.ts";

/** The buffers of a pass. */
export interface Workspace {
  readonly size: WorkspaceSize;
  /** The micro-batch: ids, positions, starts (T), rows of labelled tokens and their labels (T). */
  readonly batch: Readonly<Record<"ids" | "positions" | "starts" | "rows" | "labels", Tensor>>;
  /** (positions, 2, D/2). */
  readonly rope: Tensor;
  /** Inputs of the layers and the last output, (T, C) each: layers + 1, some of which may be the same. */
  readonly streams: readonly Tensor[];
  /** Activations of each layer: of its own where it keeps them, else shared with the others. */
  readonly layers: readonly Readonly<Record<LayerBuffer, Tensor>>[];
  /** The head's buffers for a chunk of labelled rows. */
  readonly head: Readonly<Record<HeadBuffer, Tensor>>;
  /** Gradients, when training. */
  readonly gradients: Readonly<Record<GradientBuffer, Tensor>> | undefined;
  /** Frees everything. */
  close(): void;
}

/** Allocates a workspace. */
export function createWorkspace(
  device: Device,
  config: LlamaConfig,
  size: WorkspaceSize,
  layout: WorkspaceLayout = layOut(config, size),
): Workspace {
  const slots = layout.slots.map(({ label, bytes }) => createTensor(device, label, [bytes / 4]));
  const tensor = ({ name, shape, dtype, slot }: Placed) => placeTensor(slots[slot]!, name, shape, dtype);
  const all = <Name extends string>(group: Readonly<Record<Name, Placed>>) =>
    Object.fromEntries(Object.entries<Placed>(group).map(([name, placed]) => [name, tensor(placed)])) as Record<
      Name,
      Tensor
    >;
  const rope = tensor(layout.rope);
  device.gpu.queue.writeBuffer(rope.buffer, 0, ropeTable(config, config.maxPositions));
  return {
    size,
    batch: all(layout.batch),
    rope,
    streams: layout.streams.map(tensor),
    layers: layout.layers.map(all),
    head: all(layout.head),
    gradients: layout.gradients && all(layout.gradients),
    close: () => destroyTensors(device, slots),
  };
}
