import { basename, dirname, join } from "@std/path";
import { type ByteFile, openByteFile } from "../byte_file.ts";
import { dequantize } from "./gguf_dequantize.ts";
import {
  type GgufHeader,
  type GgufMetadata,
  type GgufTensorInfo,
  MAX_GGUF_HEADER_BYTES,
  parseGgufHeader,
} from "./gguf_header.ts";
import { FormatError, quoted } from "../error.ts";
import { GGUF_TYPES } from "./gguf_types.ts";
import { rowsOf, type TensorFile, tensorOf, tensorWhere } from "../tensor_file.ts";
import { ggufParts } from "../weight_forms.ts";

/**
 * Opens a GGUF file, with all its parts where it was split, and checks the whole headers. Tensors have GGUF's names and
 * order of rows; see gguf_model.ts.
 *
 * @param path the file, or its first part
 * @throws {FormatError} when a header is not valid, or a part is missing
 */
export async function openGguf(path: string): Promise<GgufFile> {
  const names = ggufParts(basename(path));
  const parts: GgufPart[] = [];
  try {
    for (const [at, name] of names.entries()) {
      const part = join(dirname(path), name);
      parts.push(
        await openPart(part).catch((error) => {
          if (names.length === 1 || !(error instanceof Deno.errors.NotFound)) throw error;
          throw new FormatError(`${part}: part ${at + 1} of ${names.length} of the GGUF file is missing`);
        }),
      );
    }
    return new GgufFile(parts);
  } catch (error) {
    for (const { file } of parts) file.close();
    throw error;
  }
}

interface GgufPart {
  readonly file: ByteFile;
  readonly header: GgufHeader;
}

async function openPart(path: string): Promise<GgufPart> {
  const file = await openByteFile(path);
  try {
    const most = Math.min(file.size, MAX_GGUF_HEADER_BYTES);
    // How long the header is, is known only when it has been read.
    for (let length = Math.min(most, 2 ** 20);; length = Math.min(most, length * 4)) {
      const header = parseGgufHeader(await file.read(0, length), file.size, path);
      if (header) return { file, header };
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
  readonly #files: readonly ByteFile[];
  readonly #places = new Map<string, ByteFile>();

  /**
   * Use {@linkcode openGguf}.
   *
   * @throws {FormatError} when two parts have the same tensor
   */
  constructor(parts: readonly GgufPart[]) {
    const [first] = parts;
    if (first === undefined) throw new Error("a GGUF file has no part");
    this.path = first.file.path;
    this.metadata = first.header.metadata; // the others have nothing but their number
    this.#files = parts.map(({ file }) => file);
    const tensors = new Map<string, GgufTensorInfo>();
    for (const { file, header } of parts) {
      for (const [name, info] of header.tensors) {
        if (tensors.has(name)) throw new FormatError(`${file.path}: tensor ${quoted(name)} is in an earlier part, too`);
        tensors.set(name, info);
        this.#places.set(name, file);
      }
    }
    this.tensors = tensors;
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
    const file = this.#places.get(name)!; // tensorOf() has found it
    const bytes = await file.read(byteOffset + bytesOf(begin * width), bytesOf((end - begin) * width), where);
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

  /** Closes all parts. */
  close(): void {
    for (const file of this.#files) file.close();
  }

  /** Closes all parts. */
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
