import { type Dtype, tensorBytes } from "../dtype.ts";
import { FormatError, quoted } from "../error.ts";
import { MAX_HEADER_BYTES } from "./safetensors_header.ts";

/** One tensor to write: its elements as bytes, or as a source of pieces when they should not all be in memory. */
export interface TensorEntry {
  readonly name: string;
  readonly dtype: Dtype;
  /** Sizes, slowest dimension first; empty for a scalar. */
  readonly shape: readonly number[];
  /** The elements, little-endian. */
  readonly data: Uint8Array | (() => AsyncIterable<Uint8Array>);
}

/**
 * Writes a safetensors file. The same entries give the same bytes: tensors lie in the order given, and the header is
 * padded with spaces to a multiple of eight. A file that could not be finished is removed.
 *
 * @param metadata free text pairs for `__metadata__`; left out of the file when empty
 * @throws {FormatError} for a name given twice, or data of another size than its shape asks for
 */
export async function writeSafetensors(
  path: string,
  entries: Iterable<TensorEntry>,
  metadata: Readonly<Record<string, string>> = {},
): Promise<void> {
  const list = [...entries];
  const header = headerBytes(list, metadata, path);
  const file = await Deno.open(path, { write: true, create: true, truncate: true });
  let finished = false;
  try {
    await writeAll(file, header);
    for (const entry of list) await writeEntry(file, entry, path);
    finished = true;
  } finally {
    file.close();
    if (!finished) await Deno.remove(path);
  }
}

/** The eight bytes of the length, and the JSON text. */
function headerBytes(entries: readonly TensorEntry[], metadata: Readonly<Record<string, string>>, path: string) {
  const fields: [string, unknown][] = [];
  if (Object.keys(metadata).length > 0) fields.push(["__metadata__", metadata]);
  const seen = new Set(["__metadata__", "__proto__"]);
  let offset = 0;
  for (const { name, dtype, shape } of entries) {
    if (seen.has(name)) throw new FormatError(`${path}: cannot write tensor ${quoted(name)}: the name is taken`);
    seen.add(name);
    const end = offset + sizeOf(name, dtype, shape, path);
    fields.push([name, { dtype, shape, data_offsets: [offset, end] }]);
    offset = end;
  }
  // Written pair by pair: an object would move names that look like numbers to the front.
  const json = `{${fields.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join(",")}}`;
  const text = new TextEncoder().encode(json);
  const length = Math.ceil(text.length / 8) * 8;
  if (length > MAX_HEADER_BYTES) {
    throw new FormatError(`${path}: the header takes ${length} bytes; the format allows ${MAX_HEADER_BYTES}`);
  }
  const bytes = new Uint8Array(8 + length).fill(0x20);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length), true);
  bytes.set(text, 8);
  return bytes;
}

function sizeOf(name: string, dtype: Dtype, shape: readonly number[], path: string): number {
  const valid = shape.every((size) => Number.isSafeInteger(size) && size >= 0);
  const bytes = valid ? tensorBytes(dtype, shape) : undefined;
  if (bytes === undefined) {
    throw new FormatError(`${path}: cannot write tensor ${quoted(name)}: the shape [${shape}] is not valid`);
  }
  return bytes;
}

async function writeEntry(file: Deno.FsFile, { name, dtype, shape, data }: TensorEntry, path: string): Promise<void> {
  const wanted = sizeOf(name, dtype, shape, path);
  let written = 0;
  for await (const piece of data instanceof Uint8Array ? [data] : data()) {
    written += piece.byteLength;
    if (written > wanted) break;
    await writeAll(file, piece);
  }
  if (written !== wanted) {
    const found = written > wanted ? "more" : `${written}`;
    throw new FormatError(
      `${path}: cannot write tensor ${quoted(name)}: ${dtype} [${shape}] takes ${wanted} bytes, found ${found}`,
    );
  }
}

async function writeAll(file: Deno.FsFile, bytes: Uint8Array): Promise<void> {
  let done = 0;
  while (done < bytes.length) done += await file.write(bytes.subarray(done));
}
