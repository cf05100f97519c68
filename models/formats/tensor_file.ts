import { FormatError, quoted } from "./error.ts";

/** What a file says of a tensor. */
export interface TensorDescription {
  /** Element type, by the name that the file's format has for it; safetensors' names where the two agree. */
  readonly dtype: string;
  /** Sizes, slowest dimension first; empty for a scalar. */
  readonly shape: readonly number[];
}

/** An open file of tensors, in any format. */
export interface TensorFile extends Disposable {
  /** The file, as it was given. */
  readonly path: string;
  /** Tensors by name. */
  readonly tensors: ReadonlyMap<string, TensorDescription>;
  /**
   * Reads a tensor of floats, or rows of it (indices of the first dimension; a scalar counts as one row), as float32.
   *
   * @throws {FormatError} when the file has no such tensor, or it is of an element type that is not read
   * @throws {RangeError} when the rows are not inside the tensor
   */
  readFloat32(name: string, rowBegin?: number, rowEnd?: number): Promise<Float32Array<ArrayBuffer>>;
  /** Closes the file. */
  close(): void;
}

/** The file and tensor, for messages. */
export function tensorWhere(path: string, name: string): string {
  return `${path}: tensor ${quoted(name)}`;
}

/**
 * What a file says of the named tensor.
 *
 * @throws {FormatError} when it has none of that name
 */
export function tensorOf<Info>(file: { path: string; tensors: ReadonlyMap<string, Info> }, name: string): Info {
  const info = file.tensors.get(name);
  if (info === undefined) throw new FormatError(`${file.path} has no tensor ${quoted(name)}`);
  return info;
}

/** A stretch of rows of a tensor. */
export interface Rows {
  readonly begin: number;
  readonly end: number;
  /** Values in one row. */
  readonly width: number;
}

/**
 * Checks a stretch of rows against a shape; all rows when no end is given.
 *
 * @throws {RangeError} when it is not inside the tensor
 */
export function rowsOf(shape: readonly number[], begin: number, end: number | undefined, where: string): Rows {
  const rows = shape[0] ?? 1;
  checkRange(begin, end ?? rows, rows, `rows of ${where}`);
  return { begin, end: end ?? rows, width: shape.slice(1).reduce((product, size) => product * size, 1) };
}

/** Checks that a range lies in 0…limit. */
export function checkRange(begin: number, end: number, limit: number, what: string): void {
  if (!Number.isSafeInteger(begin) || !Number.isSafeInteger(end) || begin < 0 || begin > end || end > limit) {
    throw new RangeError(`Cannot read ${what}: wanted a range inside 0…${limit}, found ${begin}…${end}`);
  }
}
