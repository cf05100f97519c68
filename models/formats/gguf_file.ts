import { type ByteFile, openByteFile } from "./byte_file.ts";
import { dequantize } from "./gguf_dequantize.ts";
import {
  type GgufHeader,
  type GgufMetadata,
  type GgufTensorInfo,
  MAX_GGUF_HEADER_BYTES,
  parseGgufHeader,
} from "./gguf_header.ts";
import { FormatError } from "./error.ts";
import { GGUF_TYPES } from "./gguf_types.ts";
import { rowsOf, type TensorFile, tensorOf, tensorWhere } from "./tensor_file.ts";

/**
 * Opens a GGUF file and checks its whole header. Tensors have GGUF's names and order of rows; see gguf_model.ts.
 *
 * @throws {FormatError} when the header is not valid
 */
export async function openGguf(path: string): Promise<GgufFile> {
  const file = await openByteFile(path);
  try {
    const most = Math.min(file.size, MAX_GGUF_HEADER_BYTES);
    // How long the header is, is known only when it has been read.
    for (let length = Math.min(most, 2 ** 20);; length = Math.min(most, length * 4)) {
      const header = parseGgufHeader(await file.read(0, length), file.size, path);
      if (header) return new GgufFile(file, header);
    }
  } catch (error) {
    file.close();
    throw error;
  }
}

/** An open GGUF file. */
export class GgufFile implements TensorFile {
  readonly path: string;
  /** Values by key. */
  readonly metadata: ReadonlyMap<string, GgufMetadata>;
  readonly tensors: ReadonlyMap<string, GgufTensorInfo>;
  readonly #file: ByteFile;

  /** Use {@linkcode openGguf}. */
  constructor(file: ByteFile, { metadata, tensors }: GgufHeader) {
    this.path = file.path;
    this.metadata = metadata;
    this.tensors = tensors;
    this.#file = file;
  }

  async readFloat32(name: string, rowBegin = 0, rowEnd?: number): Promise<Float32Array<ArrayBuffer>> {
    const { dtype, shape, byteOffset } = tensorOf(this, name);
    const where = tensorWhere(this.path, name);
    const { begin, end, width } = rowsOf(shape, rowBegin, rowEnd, where);
    const { blockValues, blockBytes } = GGUF_TYPES[dtype];
    if (shape.length === 1 && (begin % blockValues !== 0 || end % blockValues !== 0)) {
      throw new FormatError(`${where}: cannot read elements ${begin} to ${end} of blocks of ${blockValues}`);
    }
    const bytesOf = (values: number) => values / blockValues * blockBytes;
    const bytes = await this.#file.read(byteOffset + bytesOf(begin * width), bytesOf((end - begin) * width), where);
    return dequantize(dtype, bytes, where);
  }

  /**
   * A value of the metadata.
   *
   * @returns undefined when there is none of that key
   * @throws {FormatError} when it is of another type
   */
  value<Type extends keyof ValueTypes>(key: string, type: Type): ValueTypes[Type] | undefined {
    const value = this.metadata.get(key);
    if (value === undefined) return undefined;
    const found = typeof value !== "object" ? typeof value : Array.isArray(value) ? "strings" : "numbers";
    if (found !== type) throw new FormatError(`${this.path}: metadata ${key} is a ${found}; wanted ${type}`);
    return value as ValueTypes[Type];
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

/** Types of metadata values. */
export interface ValueTypes {
  readonly string: string;
  readonly number: number;
  readonly boolean: boolean;
  readonly strings: readonly string[];
  readonly numbers: ArrayLike<number>;
}
