import { createHash } from "node:crypto";
import type { Adapter } from "./adapter_tensors.ts";

/** SHA-256 of what an adapter adds to weights, in whichever form of file it lies: an exported model names those in it. */
export function adapterDigest({ alpha, rank, tensors }: Adapter): string {
  const hash = createHash("sha256").update(`${alpha / rank}`);
  for (const { layer, target, a, b } of tensors) {
    hash.update(` ${layer} ${target} `);
    for (const { buffer, byteOffset, byteLength } of [a, b]) {
      hash.update(new Uint8Array(buffer, byteOffset, byteLength));
    }
  }
  return hash.digest("hex");
}
