// Logits of whole rows, for comparing whole networks.
import { buildMicroBatch } from "../../datasets/tokens/packing.ts";
import { openDevice } from "../../kernels/gpu/device.ts";
import { Stream } from "../../kernels/gpu/stream.ts";
import { download, upload } from "../../kernels/gpu/tensor.ts";
import { uploadBatch } from "../../models/training/batch.ts";
import type { Adapter } from "../../models/formats/adapter/adapter.ts";
import { Lora, paddedRank } from "../../models/training/lora.ts";
import { loadModel } from "../../models/model_folder.ts";
import { forward, headForward } from "../../models/training/pass.ts";
import { createWorkspace } from "../../models/training/workspace.ts";

/** The logits (T, V) of one sequence of ids in float32, by the network in a model folder, with an adapter if given. */
export async function logitsOf(directory: string, ids: readonly number[], adapter?: Adapter): Promise<Float32Array> {
  const device = await openDevice();
  try {
    const base = await loadModel(device, directory);
    const lora = adapter && new Lora(device, base.config, adapter, false);
    if (adapter) lora?.load(adapter);
    const rank = lora ? paddedRank(lora.settings) : 4;
    const tokens = Math.ceil(ids.length / 64) * 64;
    const space = createWorkspace(device, base.config, { tokens, headRows: tokens, rank });
    const batch = buildMicroBatch([{ ids: Uint32Array.from(ids), labelled: new Uint8Array(ids.length).fill(1) }]);
    const stream = new Stream(device);
    const pass = { stream, base, lora, space, batch: uploadBatch(space, base.config, batch, device) };
    forward(pass);
    upload(device, space.batch.rows, Uint32Array.from({ length: ids.length }, (_, i) => i));
    const logits = headForward(pass, { ...space.batch.rows, shape: [ids.length] });
    stream.flush();
    const [values] = await download(device, logits);
    const { vocabularySize } = base.config;
    const stride = logits.shape[1] ?? vocabularySize;
    const rows = new Float32Array(ids.length * vocabularySize);
    for (let t = 0; t < ids.length; t++) {
      rows.set(values!.subarray(t * stride, t * stride + vocabularySize), t * vocabularySize);
    }
    stream.close();
    return rows;
  } finally {
    device.close();
  }
}

/** Largest |a − b|. */
export function largestDifference(a: Float32Array, b: Float32Array): number {
  if (a.length !== b.length) return Infinity;
  return a.reduce((worst, value, i) => Math.max(worst, Math.abs(value - b[i]!)), 0);
}
