import { FormatError, quoted } from "../error.ts";
import { GGUF_ALIGNMENT, GGUF_MAGIC, GGUF_TYPES, GGUF_VALUE, type GgufType } from "./gguf_types.ts";
import { tensorWhere } from "../tensor_file.ts";

/** The largest header that is read: tokenizers of 300,000 tokens take about 15 MB. */
export const MAX_GGUF_HEADER_BYTES = 100_000_000;

/** A value of the metadata. Numbers of any width are plain numbers; a list of numbers is a typed array. */
export type GgufMetadata = string | number | boolean | readonly string[] | ArrayLike<number>;

/** One tensor of a GGUF file. */
export interface GgufTensorInfo {
  readonly dtype: GgufType;
  /** Sizes, slowest dimension first, as everywhere here; the file has them the other way round. */
  readonly shape: readonly number[];
  /** Where the elements start, in bytes from the start of the file. */
  readonly byteOffset: number;
  readonly byteLength: number;
}

/** What the header of a GGUF file says, checked. */
export interface GgufHeader {
  readonly metadata: ReadonlyMap<string, GgufMetadata>;
  /** Tensors by GGUF's names, in the order of the header. */
  readonly tensors: ReadonlyMap<string, GgufTensorInfo>;
}

/** The header goes on after the bytes at hand. */
class Incomplete extends Error {}

/**
 * Parses the header of a GGUF file, version 2 or 3 (https://github.com/ggml-org/ggml/blob/master/docs/gguf.md). Tensors
 * must lie inside the file, at multiples of the alignment, and not overlap.
 *
 * @param start the first bytes of the file
 * @param fileBytes how many bytes it has in all
 * @param path the file, for messages
 * @returns the header, or undefined when it goes on after `start`
 * @throws {FormatError} naming the key or tensor at fault
 */
export function parseGgufHeader(start: Uint8Array, fileBytes: number, path: string): GgufHeader | undefined {
  try {
    return new HeaderReader(start, fileBytes, path).read();
  } catch (error) {
    if (!(error instanceof Incomplete)) throw error;
    if (start.length < Math.min(fileBytes, MAX_GGUF_HEADER_BYTES)) return undefined;
    throw new FormatError(`${path}: the header has more than ${MAX_GGUF_HEADER_BYTES} bytes`);
  }
}

type RawTensor = Omit<GgufTensorInfo, "byteOffset"> & { readonly name: string; readonly offset: number };

const LISTS = {
  [GGUF_VALUE.uint8]: Uint8Array,
  [GGUF_VALUE.int8]: Int8Array,
  [GGUF_VALUE.uint16]: Uint16Array,
  [GGUF_VALUE.int16]: Int16Array,
  [GGUF_VALUE.uint32]: Uint32Array,
  [GGUF_VALUE.int32]: Int32Array,
  [GGUF_VALUE.float32]: Float32Array,
  [GGUF_VALUE.float64]: Float64Array,
} as const;

class HeaderReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #fileBytes: number;
  readonly #path: string;
  #at = 0;

  constructor(bytes: Uint8Array, fileBytes: number, path: string) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#fileBytes = fileBytes;
    this.#path = path;
  }

  read(): GgufHeader {
    this.#expectVersion();
    const tensorCount = this.#uint64("the number of tensors");
    const valueCount = this.#uint64("the number of metadata values");
    const metadata = new Map<string, GgufMetadata>();
    for (let i = 0; i < valueCount; i++) {
      const key = this.#string("a metadata key");
      if (metadata.has(key)) throw this.#fault(`has the metadata key ${quoted(key)} twice`);
      metadata.set(key, this.#value(this.#uint32(), quoted(key)));
    }
    const raw: RawTensor[] = [];
    const names = new Set<string>();
    for (let i = 0; i < tensorCount; i++) {
      const tensor = this.#tensor();
      if (names.has(tensor.name)) throw this.#fault(`has the tensor ${quoted(tensor.name)} twice`);
      names.add(tensor.name);
      raw.push(tensor);
    }
    return { metadata, tensors: this.#place(raw, this.#alignment(metadata)) };
  }

  #expectVersion(): void {
    if (this.#uint32() !== GGUF_MAGIC) throw this.#fault('does not start with "GGUF"');
    const version = this.#uint32();
    if (version === 2 || version === 3) return;
    throw this.#fault(
      version % 65536 === 0 && version > 0
        ? "is written in big-endian order, which is not read"
        : `is of GGUF version ${version}; wanted 2 or 3`,
    );
  }

  #tensor(): RawTensor {
    const name = this.#string("a tensor name");
    const where = tensorWhere(this.#path, name);
    const dimensions = this.#uint32();
    if (dimensions > 4) throw new FormatError(`${where} has ${dimensions} dimensions; wanted at most 4`);
    const shape = Array.from({ length: dimensions }, () => this.#uint64(`a size of ${quoted(name)}`)).reverse();
    const id = this.#uint32();
    const offset = this.#uint64(`the place of ${quoted(name)}`);
    const dtype = (Object.keys(GGUF_TYPES) as GgufType[]).find((type) => GGUF_TYPES[type].id === id);
    if (dtype === undefined) {
      throw new FormatError(
        `${where} has the element type ${typeName(id)}; supported: ${Object.keys(GGUF_TYPES).join(", ")}`,
      );
    }
    return { name, dtype, shape, offset, byteLength: tensorBytes(dtype, shape, where) };
  }

  #alignment(metadata: ReadonlyMap<string, GgufMetadata>): number {
    const alignment = metadata.get("general.alignment") ?? GGUF_ALIGNMENT;
    if (typeof alignment !== "number" || alignment < 8 || alignment > 2 ** 20 || alignment % 8 !== 0) {
      throw this.#fault(`has general.alignment ${JSON.stringify(alignment)}; wanted a multiple of 8`);
    }
    return alignment;
  }

  #place(raw: readonly RawTensor[], alignment: number): Map<string, GgufTensorInfo> {
    const dataStart = Math.ceil(this.#at / alignment) * alignment;
    const tensors = new Map<string, GgufTensorInfo>();
    for (const { name, offset, ...info } of raw) {
      const where = tensorWhere(this.#path, name);
      if (offset % alignment !== 0) throw new FormatError(`${where} lies at ${offset}, no multiple of ${alignment}`);
      const byteOffset = dataStart + offset;
      if (byteOffset + info.byteLength > this.#fileBytes) {
        throw new FormatError(
          `${where} ends at byte ${byteOffset + info.byteLength}, but the file has ${this.#fileBytes}`,
        );
      }
      tensors.set(name, { ...info, byteOffset });
    }
    let end = dataStart;
    for (const [name, { byteOffset, byteLength }] of [...tensors].sort(([, a], [, b]) => a.byteOffset - b.byteOffset)) {
      if (byteOffset < end && byteLength > 0) {
        throw new FormatError(`${tensorWhere(this.#path, name)} overlaps the tensor before it`);
      }
      end = Math.max(end, byteOffset + byteLength);
    }
    return tensors;
  }

  #value(type: number, where: string): GgufMetadata {
    const { uint8, int8, uint16, int16, uint32, int32, float32, bool, string, array, uint64, int64, float64 } =
      GGUF_VALUE;
    const view = this.#view;
    if (type === string) return this.#string(where);
    if (type === bool) return this.#bytes[this.#take(1)] !== 0;
    if (type === array) return this.#list(where);
    if (type === uint8) return view.getUint8(this.#take(1));
    if (type === int8) return view.getInt8(this.#take(1));
    if (type === uint16) return view.getUint16(this.#take(2), true);
    if (type === int16) return view.getInt16(this.#take(2), true);
    if (type === uint32) return view.getUint32(this.#take(4), true);
    if (type === int32) return view.getInt32(this.#take(4), true);
    if (type === float32) return view.getFloat32(this.#take(4), true);
    if (type === float64) return view.getFloat64(this.#take(8), true);
    // Nothing that is needed is so large; a value beyond 2^53 is rounded.
    if (type === uint64) return Number(view.getBigUint64(this.#take(8), true));
    if (type === int64) return Number(view.getBigInt64(this.#take(8), true));
    throw this.#fault(`has the metadata value ${where} of the unknown type ${type}`);
  }

  #list(where: string): readonly string[] | ArrayLike<number> {
    const type = this.#uint32();
    const count = this.#uint64(`the length of ${where}`);
    if (type === GGUF_VALUE.string) {
      this.#expectRoom(count * 8);
      return Array.from({ length: count }, () => this.#string(where));
    }
    if (type === GGUF_VALUE.bool) return this.#bytes.slice(this.#take(count), this.#at);
    if (type === GGUF_VALUE.uint64 || type === GGUF_VALUE.int64) {
      this.#expectRoom(count * 8);
      return Float64Array.from({ length: count }, () => Number(this.#view.getBigInt64(this.#take(8), true)));
    }
    if (!Object.hasOwn(LISTS, type)) throw this.#fault(`has the list ${where} of the unknown type ${type}`);
    const List = LISTS[type as keyof typeof LISTS];
    const start = this.#take(count * List.BYTES_PER_ELEMENT);
    return new List(this.#bytes.slice(start, this.#at).buffer);
  }

  #string(where: string): string {
    const length = this.#uint64(`the length of ${where}`);
    const start = this.#take(length);
    try {
      return decoder.decode(this.#bytes.subarray(start, this.#at));
    } catch {
      throw this.#fault(`holds text that is not UTF-8 in ${where}`);
    }
  }

  #uint32(): number {
    return this.#view.getUint32(this.#take(4), true);
  }

  #uint64(what: string): number {
    const value = this.#view.getBigUint64(this.#take(8), true);
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw this.#fault(`says that ${what} is ${value}, which overflows`);
    return Number(value);
  }

  /** A count is believed only when the file can hold so many bytes. */
  #expectRoom(bytes: number): void {
    if (bytes > this.#fileBytes - this.#at) throw this.#fault("ends inside its header");
    if (bytes > this.#bytes.length - this.#at) throw new Incomplete();
  }

  #take(bytes: number): number {
    this.#expectRoom(bytes);
    this.#at += bytes;
    return this.#at - bytes;
  }

  #fault(what: string): FormatError {
    return new FormatError(`${this.#path} ${what}`);
  }
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function tensorBytes(dtype: GgufType, shape: readonly number[], where: string): number {
  const { blockValues, blockBytes } = GGUF_TYPES[dtype];
  const columns = shape.at(-1) ?? 1;
  if (columns % blockValues !== 0) {
    throw new FormatError(`${where} has rows of ${columns} values; ${dtype} wants a multiple of ${blockValues}`);
  }
  const bytes = shape.reduce((product, size) => product * size, 1) / blockValues * blockBytes;
  if (!Number.isSafeInteger(bytes)) throw new FormatError(`${where}: the size of [${shape.join(", ")}] overflows`);
  return bytes;
}

/** Names of common element types that are not read, for messages. */
const OTHER_TYPES: Readonly<Record<number, string>> = {
  16: "IQ2_XXS",
  18: "IQ3_XXS",
  20: "IQ4_NL",
  23: "IQ4_XS",
  34: "TQ1_0",
  39: "MXFP4",
};

const typeName = (id: number) => OTHER_TYPES[id] ?? `number ${id}`;
