import { createHash, type Hash } from "node:crypto";
import { type ByteFile, openByteFile } from "../byte_file.ts";
import { elementBytes, toFloat32 } from "../dtype.ts";
import { DamagedFileError, FormatError } from "../error.ts";
import { headerLength, parseHeader, type SafetensorsHeader, type TensorInfo } from "./safetensors_header.ts";
import { scaledRows, scaleName } from "../int8_rows.ts";
import { checkRange, rowsOf, type TensorFile, tensorOf, tensorWhere } from "../tensor_file.ts";

export { type SafetensorsHeader, type TensorInfo } from "./safetensors_header.ts";
export { type TensorEntry, writeSafetensors } from "./safetensors_writer.ts";

/**
 * Opens a safetensors file and checks its whole header. Nothing but the header is read; tensors are read on demand.
 *
 * @throws {FormatError} when the header is not valid, naming the file and the tensor
 */
export async function openSafetensors(path: string): Promise<SafetensorsFile> {
  const file = await openByteFile(path);
  try {
    const { size } = file;
    if (size < 8) throw new FormatError(`${path} has ${size} bytes: too short for a safetensors file`);
    const start = await file.read(0, 8);
    const length = headerLength(start, size, path);
    const text = await file.read(8, length);
    const header = parseHeader(text, size - 8 - length, path);
    return new SafetensorsFile(file, header, new SequentialHash(size).next(0, start).next(8, text));
  } catch (error) {
    file.close();
    throw error;
  }
}

/** SHA-256 of a file as far as it was read from its beginning without a gap. */
class SequentialHash {
  readonly #hash: Hash = createHash("sha256");
  /** Bytes hashed. */
  position = 0;

  constructor(readonly size: number) {}

  /** Takes what was read at `offset`, if it is what comes next. */
  next(offset: number, bytes: Uint8Array): this {
    if (offset !== this.position) return this;
    this.#hash.update(bytes);
    this.position += bytes.length;
    return this;
  }

  digest(): string {
    return this.#hash.copy().digest("hex");
  }
}

/** An open safetensors file. Reads may overlap in time; they are done one after the other. */
export class SafetensorsFile implements TensorFile {
  /** The file, as it was given. */
  readonly path: string;
  /** Tensors by name, in the order of the header. */
  readonly tensors: ReadonlyMap<string, TensorInfo>;
  /** The free text pairs under `__metadata__`. */
  readonly metadata: Readonly<Record<string, string>>;
  readonly #file: ByteFile;
  readonly #sequence: SequentialHash;
  #hashing = false;

  /** Use {@linkcode openSafetensors}. */
  constructor(file: ByteFile, header: SafetensorsHeader, hash: SequentialHash) {
    this.#sequence = hash;
    this.path = file.path;
    this.#file = file;
    this.tensors = header.tensors;
    this.metadata = header.metadata;
  }

  /**
   * Reads raw elements of a tensor.
   *
   * @param begin first byte, counted from the start of the tensor
   * @param end byte after the last one
   * @throws {FormatError} when the file has no such tensor or has become shorter
   * @throws {RangeError} when begin and end are not inside the tensor
   */
  async readBytes(name: string, begin = 0, end?: number): Promise<Uint8Array<ArrayBuffer>> {
    const { byteOffset, byteLength } = tensorOf(this, name);
    const where = tensorWhere(this.path, name);
    const stop = end ?? byteLength;
    checkRange(begin, stop, byteLength, `bytes of ${where}`);
    return await this.#read(byteOffset + begin, stop - begin, where);
  }

  async #read(offset: number, length: number, where: string): Promise<Uint8Array<ArrayBuffer>> {
    const bytes = await this.#file.read(offset, length, where);
    if (this.#hashing) this.#sequence.next(offset, bytes);
    return bytes;
  }

  /** From now on, what is read in the order of the file is hashed on the way, for {@linkcode verify}. */
  hashWhileReading(): void {
    this.#hashing = true;
  }

  /**
   * Compares the file's SHA-256. What was not hashed while it was read, from the first gap on, is read now.
   *
   * @throws {DamagedFileError} when it differs
   */
  async verify(sha256: string): Promise<void> {
    this.#hashing = true;
    const piece = 1 << 24;
    for (let { position, size } = this.#sequence; position < size; { position } = this.#sequence) {
      await this.#read(position, Math.min(piece, size - position), this.path);
    }
    if (this.#sequence.digest() !== sha256) throw new DamagedFileError(this.path);
  }

  /**
   * Reads an F32, F16 or BF16 tensor, or rows of it, as float32. A row is one index of the first dimension, so that a
   * tensor larger than memory can be read piece by piece; a scalar counts as one row. An I8 tensor is read if the scales of
   * its rows stand beside it, as compressed-tensors writes them: `NAME_scale`, one value a row.
   *
   * @throws {FormatError} when the file has no such tensor, or it is of another element type, or has no scales
   * @throws {RangeError} when the rows are not inside the tensor
   */
  async readFloat32(name: string, rowBegin = 0, rowEnd?: number): Promise<Float32Array<ArrayBuffer>> {
    const { dtype, shape } = tensorOf(this, name);
    const where = tensorWhere(this.path, name);
    const { begin, end, width } = rowsOf(shape, rowBegin, rowEnd, where);
    const rowBytes = width * elementBytes(dtype);
    const bytes = await this.readBytes(name, begin * rowBytes, end * rowBytes);
    if (dtype !== "I8") return toFloat32(dtype, bytes, where);
    return scaledRows(bytes, width, await this.#rowScales(name, shape, begin, end));
  }

  async #rowScales(name: string, shape: readonly number[], begin: number, end: number): Promise<Float32Array> {
    const scale = this.tensors.get(scaleName(name));
    const [rows = 1] = shape;
    const where = tensorWhere(this.path, name);
    if (scale === undefined || scale.dtype === "I8" || scale.shape.reduce((a, b) => a * b, 1) !== rows) {
      const found = scale === undefined ? "none" : `${scale.dtype} [${scale.shape.join(", ")}]`;
      throw new FormatError(
        `${where} is I8; wanted a scale for each of its ${rows} rows as ${scaleName(name)}, found ${found}`,
      );
    }
    return await this.readFloat32(scaleName(name), begin, end);
  }

  /** Closes the file. */
  close(): void {
    this.#file.close();
  }

  /** Closes the file. */
  [Symbol.dispose](): void {
    this.close();
  }
}
