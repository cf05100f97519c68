import { FormatError, quoted } from "../error.ts";
import { pickleStateDict } from "./pickle_writer.ts";
import type { TensorEntry } from "../safetensors/safetensors_writer.ts";
import { zipPieces } from "./zip_writer.ts";

/** A float32 tensor whose elements are in memory. */
export type FloatEntry = TensorEntry & { readonly dtype: "F32"; readonly data: Uint8Array };

/**
 * Writes a state dict as torch.save does: a zip archive with the pickle of an OrderedDict and a file for each tensor's
 * values. torch.load(weights_only=True) opens it. The same entries give the same bytes. A file that could not be
 * finished is removed.
 *
 * @throws {FormatError} for a name given twice, data of another size than its shape asks for, or more than 4 GB
 */
export async function writeTorchFile(path: string, entries: readonly FloatEntry[]): Promise<void> {
  const names = new Set<string>();
  for (const { name, shape, data } of entries) {
    if (names.has(name)) throw new FormatError(`${path}: cannot write tensor ${quoted(name)}: the name is taken`);
    names.add(name);
    const wanted = shape.reduce((product, size) => product * size, 4);
    if (data.length !== wanted) {
      throw new FormatError(
        `${path}: cannot write tensor ${quoted(name)}: F32 [${shape}] takes ${wanted} bytes, found ${data.length}`,
      );
    }
  }
  const text = (value: string) => new TextEncoder().encode(value);
  const tensors = entries.map(({ name, shape }, i) => ({ name, shape, storage: String(i) }));
  const pieces = zipPieces([
    { name: "archive/data.pkl", data: pickleStateDict(tensors) },
    { name: "archive/byteorder", data: text("little") },
    ...entries.map(({ data }, i) => ({ name: `archive/data/${i}`, data })),
    { name: "archive/version", data: text("3\n") },
  ], path);
  const file = await Deno.open(path, { write: true, create: true, truncate: true });
  let finished = false;
  try {
    for (const piece of pieces) {
      for (let done = 0; done < piece.length;) done += await file.write(piece.subarray(done));
    }
    finished = true;
  } finally {
    file.close();
    if (!finished) await Deno.remove(path);
  }
}
