import { FormatError, quoted } from "../error.ts";
import { GGUF_ALIGNMENT, GGUF_MAGIC, GGUF_TYPES, GGUF_VALUE, GGUF_VERSION, type GgufType } from "./gguf_types.ts";

/** A value of the metadata, with the type that readers of its key expect. */
export type GgufValue =
  | { readonly type: "uint32" | "int32" | "float32"; readonly value: number }
  | { readonly type: "bool"; readonly value: boolean }
  | { readonly type: "string"; readonly value: string }
  | { readonly type: "strings"; readonly value: readonly string[] }
  | { readonly type: "float32s" | "int32s"; readonly value: readonly number[] };

/** One tensor to write. */
export interface GgufTensor {
  readonly name: string;
  readonly type: GgufType;
  /** Sizes, slowest dimension first, as everywhere here; the file has them the other way round. */
  readonly shape: readonly number[];
  /** The elements in pieces, rows of blocks of the type. */
  readonly data: () => AsyncIterable<Uint8Array>;
}

/**
 * Writes a GGUF file (version 3) as a stream. The same metadata and tensors give the same bytes. A file that could not
 * be finished is removed.
 *
 * @param onProgress gets bytes of tensors written and bytes in all
 * @throws {FormatError} for a name given twice, rows that are not whole blocks, or data of another size than asked for
 */
export async function writeGguf(
  path: string,
  metadata: ReadonlyMap<string, GgufValue>,
  tensors: readonly GgufTensor[],
  onProgress: (done: number, total: number) => void = () => {},
): Promise<void> {
  const sizes = tensors.map((tensor) => ggufBytes(tensor, path));
  const header = headerBytes(metadata, tensors, sizes, path);
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const file = await Deno.open(path, { write: true, create: true, truncate: true });
  let finished = false;
  let done = 0;
  try {
    await writeAll(file, header);
    for (const [i, tensor] of tensors.entries()) {
      const size = sizes[i] ?? 0;
      await writeTensor(file, tensor, size, path, (bytes) => onProgress(done += bytes, total));
      await writeAll(file, new Uint8Array(padding(size)));
    }
    await file.sync();
    finished = true;
  } finally {
    file.close();
    if (!finished) await Deno.remove(path);
  }
}

/** Bytes of a tensor's data. */
export function ggufBytes({ name, type, shape }: Omit<GgufTensor, "data">, path: string): number {
  const { blockValues, blockBytes } = GGUF_TYPES[type];
  const columns = shape.at(-1) ?? 1;
  if (columns % blockValues !== 0) {
    throw new FormatError(
      `${path}: cannot write tensor ${quoted(name)} as ${type}: its rows have ${columns} values, ` +
        `which is not a multiple of ${blockValues}`,
    );
  }
  return shape.reduce((product, size) => product * size, 1) / blockValues * blockBytes;
}

function padding(bytes: number): number {
  return (GGUF_ALIGNMENT - bytes % GGUF_ALIGNMENT) % GGUF_ALIGNMENT;
}

function headerBytes(
  metadata: ReadonlyMap<string, GgufValue>,
  tensors: readonly GgufTensor[],
  sizes: readonly number[],
  path: string,
): Uint8Array {
  const out = new ByteWriter();
  out.uint32(GGUF_MAGIC);
  out.uint32(GGUF_VERSION);
  out.uint64(tensors.length);
  out.uint64(metadata.size);
  for (const [key, value] of metadata) {
    out.string(key);
    writeValue(out, value);
  }
  const seen = new Set<string>();
  let offset = 0;
  for (const [i, { name, type, shape }] of tensors.entries()) {
    if (seen.has(name)) throw new FormatError(`${path}: cannot write tensor ${quoted(name)}: the name is taken`);
    seen.add(name);
    out.string(name);
    out.uint32(shape.length);
    for (const size of shape.toReversed()) out.uint64(size);
    out.uint32(GGUF_TYPES[type].id);
    out.uint64(offset);
    const size = sizes[i] ?? 0;
    offset += size + padding(size);
  }
  out.bytes(new Uint8Array(padding(out.length)));
  return out.joined();
}

function writeValue(out: ByteWriter, { type, value }: GgufValue): void {
  switch (type) {
    case "uint32":
    case "int32":
      out.uint32(GGUF_VALUE[type]);
      return out.uint32(value);
    case "float32":
      out.uint32(GGUF_VALUE.float32);
      return out.float32(value);
    case "bool":
      out.uint32(GGUF_VALUE.bool);
      return out.bytes(Uint8Array.of(value ? 1 : 0));
    case "string":
      out.uint32(GGUF_VALUE.string);
      return out.string(value);
    case "strings":
      out.array(GGUF_VALUE.string, value.length);
      return value.forEach((text) => out.string(text));
    case "float32s":
      out.array(GGUF_VALUE.float32, value.length);
      return out.bytes(new Uint8Array(Float32Array.from(value).buffer));
    case "int32s":
      out.array(GGUF_VALUE.int32, value.length);
      return out.bytes(new Uint8Array(Int32Array.from(value).buffer));
  }
}

/** Gathers little-endian values. */
class ByteWriter {
  readonly #pieces: Uint8Array[] = [];
  length = 0;

  bytes(piece: Uint8Array): void {
    this.#pieces.push(piece);
    this.length += piece.length;
  }

  uint32(value: number): void {
    this.bytes(new Uint8Array(Uint32Array.of(value).buffer));
  }

  uint64(value: number): void {
    this.bytes(new Uint8Array(BigUint64Array.of(BigInt(value)).buffer));
  }

  float32(value: number): void {
    this.bytes(new Uint8Array(Float32Array.of(value).buffer));
  }

  string(value: string): void {
    const utf8 = new TextEncoder().encode(value);
    this.uint64(utf8.length);
    this.bytes(utf8);
  }

  array(elementType: number, count: number): void {
    this.uint32(GGUF_VALUE.array);
    this.uint32(elementType);
    this.uint64(count);
  }

  joined(): Uint8Array {
    const all = new Uint8Array(this.length);
    let at = 0;
    for (const piece of this.#pieces) {
      all.set(piece, at);
      at += piece.length;
    }
    return all;
  }
}

async function writeTensor(
  file: Deno.FsFile,
  { name, data }: GgufTensor,
  wanted: number,
  path: string,
  onBytes: (bytes: number) => void,
): Promise<void> {
  let written = 0;
  for await (const piece of data()) {
    written += piece.length;
    if (written > wanted) break;
    await writeAll(file, piece);
    onBytes(piece.length);
  }
  if (written !== wanted) {
    throw new FormatError(
      `${path}: cannot write tensor ${quoted(name)}: it takes ${wanted} bytes, ` +
        `found ${written > wanted ? "more" : written}`,
    );
  }
}

async function writeAll(file: Deno.FsFile, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.length;) done += await file.write(bytes.subarray(done));
}
