// PyTorch's .bin, .pt and .pth files since version 1.6: a zip file with data.pkl, which says what tensors there are, and
// data/KEY for each storage that they are views of.
import { type ByteFile, openByteFile } from "../byte_file.ts";
import { elementBytes, toFloat32 } from "../dtype.ts";
import { FormatError, quoted } from "../error.ts";
import { type Rows, rowsOf, type TensorFile, tensorOf, tensorWhere } from "../tensor_file.ts";
import { parseTorchPickle, type TorchStorage, type TorchTensor } from "./torch_tensors.ts";
import { readStoredZip, type StoredZip, type Stretch } from "./zip.ts";

const MAX_PICKLE_BYTES = 64_000_000;

/** Most bytes of a storage that are read at once for a tensor whose elements do not lie one after the other. */
const MAX_PIECE_BYTES = 32 * 2 ** 20;

/** How the files of PyTorch before 1.6 begin: the pickle of a fixed number. */
const OLD_MAGIC = [0x80, 0x02, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];

/**
 * Opens a file that torch.save wrote, a dictionary of tensors. Nothing in it is executed; tensors are read on demand.
 *
 * @throws {FormatError} when it is not such a file, or holds or names anything but tensors
 */
export async function openTorchFile(path: string): Promise<TorchFile> {
  const file = await openByteFile(path);
  try {
    await refuseOldFormat(file);
    const zip = await readStoredZip(file);
    const prefix = archivePrefix(zip, path);
    await checkByteOrder(file, zip, prefix);
    const pickle = await contents(file, zip, `${prefix}data.pkl`);
    const tensors = parseTorchPickle(pickle, `${path}: data.pkl`);
    return new TorchFile(file, tensors, await locateStorages(tensors, zip, prefix, path));
  } catch (error) {
    file.close();
    throw error;
  }
}

/** An open PyTorch file. */
export class TorchFile implements TensorFile {
  readonly path: string;
  readonly tensors: ReadonlyMap<string, TorchTensor>;
  readonly #file: ByteFile;
  readonly #places: ReadonlyMap<string, Stretch>;

  /** Use {@linkcode openTorchFile}. */
  constructor(file: ByteFile, tensors: ReadonlyMap<string, TorchTensor>, places: ReadonlyMap<string, Stretch>) {
    this.path = file.path;
    this.tensors = tensors;
    this.#file = file;
    this.#places = places;
  }

  async readFloat32(name: string, rowBegin = 0, rowEnd?: number): Promise<Float32Array<ArrayBuffer>> {
    const tensor = tensorOf(this, name);
    const where = tensorWhere(this.path, name);
    const rows = rowsOf(tensor.shape, rowBegin, rowEnd, where);
    const read = (first: number, count: number) => this.#elements(tensor, first, count, where);
    if (isContiguous(tensor)) {
      return await read(tensor.offset + rows.begin * rows.width, (rows.end - rows.begin) * rows.width);
    }
    const out = new Float32Array((rows.end - rows.begin) * rows.width);
    await gather(
      read,
      axesOf(tensor, rows),
      tensor.offset + rows.begin * tensor.strides[0]!,
      out,
      0,
      elementBytes(tensor.dtype),
    );
    return out;
  }

  async #elements(
    tensor: TorchTensor,
    first: number,
    count: number,
    where: string,
  ): Promise<Float32Array<ArrayBuffer>> {
    const place = this.#places.get(tensor.storage.key);
    if (count === 0 || place === undefined) return new Float32Array();
    const size = elementBytes(tensor.dtype);
    return toFloat32(tensor.dtype, await this.#file.read(place.offset + first * size, count * size, where), where);
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

async function refuseOldFormat(file: ByteFile): Promise<void> {
  const start = await file.read(0, Math.min(file.size, OLD_MAGIC.length));
  if (start.length === OLD_MAGIC.length && OLD_MAGIC.every((byte, i) => byte === start[i])) {
    throw new FormatError(
      `${file.path} is in the format of PyTorch before 1.6, which is not read: load it with a newer torch and save it again`,
    );
  }
}

/** All entries lie in one folder, whose name is free. */
function archivePrefix(zip: StoredZip, path: string): string {
  const found = zip.names().filter((name) => /^[^/]*\/data\.pkl$/.test(name));
  if (found.length !== 1) {
    throw new FormatError(`${path} is not a file of torch.save: it has ${found.length} entries data.pkl; wanted one`);
  }
  return found[0]!.slice(0, -"data.pkl".length);
}

async function contents(file: ByteFile, zip: StoredZip, name: string): Promise<Uint8Array<ArrayBuffer>> {
  const place = await zip.locate(name);
  if (place === undefined) throw new FormatError(`${file.path} has no entry ${quoted(name)}`);
  if (place.length > MAX_PICKLE_BYTES) {
    throw new FormatError(
      `${file.path}: ${quoted(name)} has ${place.length} bytes; wanted at most ${MAX_PICKLE_BYTES}`,
    );
  }
  return await file.read(place.offset, place.length);
}

async function checkByteOrder(file: ByteFile, zip: StoredZip, prefix: string): Promise<void> {
  const name = `${prefix}byteorder`;
  if (!zip.names().includes(name)) return; // versions before 2.1 have none
  const order = new TextDecoder().decode(await contents(file, zip, name)).trim();
  if (order !== "little") throw new FormatError(`${file.path}: the byte order is ${quoted(order)}; wanted "little"`);
}

async function locateStorages(
  tensors: ReadonlyMap<string, TorchTensor>,
  zip: StoredZip,
  prefix: string,
  path: string,
): Promise<Map<string, Stretch>> {
  const storages = new Map<string, TorchStorage>();
  const places = new Map<string, Stretch>();
  for (const [name, { storage }] of tensors) {
    const known = storages.get(storage.key);
    if (known && (known.dtype !== storage.dtype || known.length !== storage.length)) {
      throw new FormatError(`${path}: storage ${quoted(storage.key)} is described in two ways`);
    }
    if (known) continue;
    storages.set(storage.key, storage);
    const place = await zip.locate(`${prefix}data/${storage.key}`);
    const wanted = storage.length * elementBytes(storage.dtype);
    if (place === undefined || place.length !== wanted) {
      throw new FormatError(
        `${tensorWhere(path, name)}: its storage ${quoted(storage.key)} takes ${wanted} bytes, ` +
          `found ${place === undefined ? "no such entry" : place.length}`,
      );
    }
    places.set(storage.key, place);
  }
  return places;
}

function isContiguous({ shape, strides }: TorchTensor): boolean {
  let wanted = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    if (shape[i]! > 1 && strides[i] !== wanted) return false;
    wanted *= shape[i]!;
  }
  return true;
}

/** One dimension of a stretch of rows: how many indices, and what an index moves in the storage and in the result. */
interface Axis {
  readonly count: number;
  readonly stride: number;
  readonly outStride: number;
}

/** The dimensions of a stretch of rows, those with the longest strides first. */
function axesOf({ shape, strides }: TorchTensor, { begin, end }: Rows): Axis[] {
  let outStride = 1;
  const axes: Axis[] = [];
  for (let i = shape.length - 1; i >= 0; i--) {
    const count = i === 0 ? end - begin : shape[i]!;
    axes.push({ count, stride: strides[i]!, outStride });
    outStride *= count;
  }
  return axes.sort((a, b) => b.stride - a.stride);
}

/** Copies the elements of a view to their places in `out`; what they span of the storage is read in pieces of bounded size. */
async function gather(
  read: (first: number, count: number) => Promise<Float32Array>,
  axes: readonly Axis[],
  first: number,
  out: Float32Array,
  outFirst: number,
  size: number,
): Promise<void> {
  if (axes.some(({ count }) => count === 0)) return;
  const span = axes.reduce((sum, { count, stride }) => sum + (count - 1) * stride, 1);
  const [outer, ...inner] = axes;
  if (outer === undefined || span * size <= MAX_PIECE_BYTES) {
    return place(await read(first, span), axes, 0, out, outFirst);
  }
  if (outer.count === 1) return await gather(read, inner, first, out, outFirst, size);
  const half = Math.ceil(outer.count / 2);
  const part = (count: number) => [{ ...outer, count }, ...inner];
  await gather(read, part(half), first, out, outFirst, size);
  await gather(
    read,
    part(outer.count - half),
    first + half * outer.stride,
    out,
    outFirst + half * outer.outStride,
    size,
  );
}

function place(values: Float32Array, axes: readonly Axis[], first: number, out: Float32Array, outFirst: number): void {
  const [axis, ...inner] = axes;
  if (axis === undefined) {
    out[outFirst] = values[first]!;
    return;
  }
  for (let i = 0; i < axis.count; i++) {
    if (inner.length > 0) place(values, inner, first + i * axis.stride, out, outFirst + i * axis.outStride);
    else out[outFirst + i * axis.outStride] = values[first + i * axis.stride]!;
  }
}
