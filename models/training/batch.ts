import type { Device } from "../../kernels/gpu/device.ts";
import { firstRows, type Tensor, upload } from "../../kernels/gpu/tensor.ts";
import type { LlamaConfig } from "../formats/config.ts";
import { sequenceLimit } from "../sequence_limit.ts";
import type { Workspace } from "./workspace.ts";

/** Rows packed one behind the other into a stream of T tokens, without padding. */
export interface MicroBatch {
  /** (T). */
  readonly ids: Uint32Array;
  /** Position of each token in its row (T). */
  readonly positions: Uint32Array;
  /** Index of the first token of each token's row (T). */
  readonly starts: Uint32Array;
  /** The id that each token should predict, −1 for none (T). */
  readonly labels: Int32Array;
}

/** A micro-batch on the device; its tensors are the first rows of the workspace's. */
export interface DeviceBatch {
  readonly tokens: number;
  readonly labelled: number;
  readonly ids: Tensor;
  readonly positions: Tensor;
  readonly starts: Tensor;
}

/**
 * Copies a micro-batch into a workspace. Work that reads the batch before must have been submitted.
 *
 * @throws {RangeError} for more tokens than the workspace holds, an id outside the vocabulary, or a position outside the
 * model's, since a kernel would read past its buffers
 */
export function uploadBatch(
  space: Workspace,
  config: LlamaConfig,
  batch: MicroBatch,
  device: Device,
): DeviceBatch {
  const tokens = batch.ids.length;
  if (tokens < 1 || tokens > space.size.tokens) {
    throw new RangeError(`a micro-batch may have 1 to ${space.size.tokens} tokens, found ${tokens}`);
  }
  const id = batch.ids.find((value) => value >= config.vocabularySize);
  if (id !== undefined) {
    throw new RangeError(`token id ${id} is outside the model's vocabulary of ${config.vocabularySize}`);
  }
  const { tokens: most, reason } = sequenceLimit(config);
  const position = batch.positions.find((value) => value >= most);
  if (position !== undefined) {
    throw new RangeError(`position ${position} is too far: the model has ${reason}`);
  }
  const rows: number[] = [];
  batch.labels.forEach((label, t) => {
    if (label >= 0) rows.push(t);
  });
  const part = (tensor: Tensor, values: ArrayLike<number>) => {
    if (values.length) upload(device, tensor, Uint32Array.from(values));
    return firstRows(tensor, tokens);
  };
  part(space.batch.rows, rows);
  part(space.batch.labels, rows.map((t) => batch.labels[t]!));
  return {
    tokens,
    labelled: rows.length,
    ids: part(space.batch.ids, batch.ids),
    positions: part(space.batch.positions, batch.positions),
    starts: part(space.batch.starts, batch.starts),
  };
}
