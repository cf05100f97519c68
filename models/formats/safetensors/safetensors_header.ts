import { type Dtype, isDtype, tensorBytes } from "../dtype.ts";
import { FormatError, quoted } from "../error.ts";
import { parseStrictJson } from "../strict_json.ts";

/** The largest header that is read. The format's own limit. */
export const MAX_HEADER_BYTES = 100_000_000;

/** One tensor of a safetensors file. */
export interface TensorInfo {
  readonly dtype: Dtype;
  /** Sizes, slowest dimension first; empty for a scalar. */
  readonly shape: readonly number[];
  /** Where the elements start, in bytes from the start of the file. */
  readonly byteOffset: number;
  /** Bytes of the elements; 0 when a dimension is 0. */
  readonly byteLength: number;
}

/** What the header of a safetensors file says, checked. */
export interface SafetensorsHeader {
  /** Tensors by name, in the order of the header. */
  readonly tensors: ReadonlyMap<string, TensorInfo>;
  /** The free text pairs under `__metadata__`. */
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * Reads the length of the header from the first eight bytes of a file.
 *
 * @throws {FormatError} when it passes the file's size or 100 MB
 */
export function headerLength(first8: Uint8Array, fileBytes: number, path: string): number {
  const length = new DataView(first8.buffer, first8.byteOffset, 8).getBigUint64(0, true);
  if (length > BigInt(MAX_HEADER_BYTES)) {
    throw new FormatError(`${path}: the header says it has ${length} bytes; wanted at most ${MAX_HEADER_BYTES}`);
  }
  if (8n + length > BigInt(fileBytes)) {
    throw new FormatError(`${path}: the header says it has ${length} bytes, but the file has ${fileBytes} in all`);
  }
  return Number(length);
}

/**
 * Parses and checks the JSON header. The tensors must cover the data exactly: no hole, no overlap, nothing after them.
 *
 * @param json the header's bytes, padding included
 * @param dataBytes how many bytes follow the header
 * @param path the file, for messages
 * @throws {FormatError} naming the tensor and the file
 */
export function parseHeader(json: Uint8Array, dataBytes: number, path: string): SafetensorsHeader {
  if (json[0] !== 0x7b) throw new FormatError(`${path}: the header does not start with "{"`);
  const record = parseStrictJson(json, `${path}: the header`);
  if (!isRecord(record)) throw new FormatError(`${path}: the header is not a JSON object`);

  const tensors = new Map<string, TensorInfo>();
  let metadata: Record<string, string> = {};
  for (const [name, value] of Object.entries(record)) {
    if (name === "__metadata__") metadata = parseMetadata(value, path);
    else tensors.set(name, parseTensor(name, value, 8 + json.length, dataBytes, path));
  }
  checkCoverage(tensors, 8 + json.length, dataBytes, path);
  return { tensors, metadata };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function parseMetadata(value: unknown, path: string): Record<string, string> {
  if (!isRecord(value)) throw new FormatError(`${path}: __metadata__ is not a JSON object`);
  for (const [key, text] of Object.entries(value)) {
    if (typeof text !== "string") throw new FormatError(`${path}: __metadata__ ${quoted(key)} is not a string`);
  }
  return value as Record<string, string>;
}

function parseTensor(name: string, value: unknown, dataStart: number, dataBytes: number, path: string): TensorInfo {
  const where = `${path}: tensor ${quoted(name)}`;
  // No tensor is called so; a reader that keeps tensors in a plain object would be fooled by it.
  if (name === "__proto__") throw new FormatError(`${where}: the name is refused`);
  if (!isRecord(value)) throw new FormatError(`${where} is not described by a JSON object`);
  for (const key of Object.keys(value)) {
    if (key !== "dtype" && key !== "shape" && key !== "data_offsets") {
      throw new FormatError(`${where} has the unknown field ${quoted(key)}`);
    }
  }
  const { dtype, shape, data_offsets: offsets } = value;
  if (!isDtype(dtype)) throw new FormatError(`${where} has the unknown element type ${shown(dtype)}`);
  if (!isSizes(shape)) throw new FormatError(`${where} has the shape ${shown(shape)}; wanted whole numbers from 0 up`);
  if (!isSizes(offsets) || offsets.length !== 2) {
    throw new FormatError(`${where} has data_offsets ${shown(offsets)}; wanted two whole numbers from 0 up`);
  }
  const [begin, end] = offsets as [number, number];
  if (begin > end || end > dataBytes) {
    throw new FormatError(`${where} has data_offsets [${begin}, ${end}]; the data is ${dataBytes} bytes long`);
  }
  const wanted = tensorBytes(dtype, shape);
  if (wanted === undefined) throw new FormatError(`${where}: the size of ${dtype} ${shown(shape)} overflows`);
  if (wanted !== end - begin) {
    throw new FormatError(`${where}: ${dtype} ${shown(shape)} takes ${wanted} bytes; data_offsets give ${end - begin}`);
  }
  return { dtype, shape, byteOffset: dataStart + begin, byteLength: wanted };
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? "(missing)";
  return text.length > 120 ? `${text.slice(0, 120)}…` : text;
}

function checkCoverage(tensors: Map<string, TensorInfo>, dataStart: number, dataBytes: number, path: string): void {
  const byPlace = [...tensors].sort(([, a], [, b]) => a.byteOffset - b.byteOffset || a.byteLength - b.byteLength);
  let covered = dataStart;
  for (const [name, { byteOffset, byteLength }] of byPlace) {
    if (byteOffset !== covered) {
      const fault = byteOffset < covered ? "overlaps the tensor before it" : "leaves a hole before it";
      throw new FormatError(
        `${path}: tensor ${quoted(name)} ${fault}: it starts at byte ${byteOffset - dataStart} of the data, ` +
          `wanted ${covered - dataStart}`,
      );
    }
    covered += byteLength;
  }
  const left = dataStart + dataBytes - covered;
  if (left > 0) throw new FormatError(`${path}: ${left} bytes follow the last tensor; wanted none`);
}
