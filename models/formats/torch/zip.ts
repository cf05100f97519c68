import type { ByteFile } from "../byte_file.ts";
import { FormatError, quoted } from "../error.ts";

/** The largest directory that is read: hundreds of thousands of entries. */
const MAX_DIRECTORY_BYTES = 64_000_000;

const END = 0x06054b50,
  END_64_PLACE = 0x07064b50,
  END_64 = 0x06064b50,
  DIRECTORY_ENTRY = 0x02014b50,
  ENTRY = 0x04034b50;
const END_BYTES = 22, END_64_PLACE_BYTES = 20, END_64_BYTES = 56, DIRECTORY_ENTRY_BYTES = 46, ENTRY_BYTES = 30;
/** In a 16- or 32-bit field: the value is in the 64-bit extension. */
const SEE_64_16 = 0xffff, SEE_64_32 = 0xffffffff;

/** A stretch of a file. */
export interface Stretch {
  readonly offset: number;
  readonly length: number;
}

interface DirectoryEntry {
  readonly headerOffset: number;
  readonly length: number;
}

/** The directory of a zip file whose entries are stored as they are, uncompressed. */
export class StoredZip {
  readonly #file: ByteFile;
  readonly #entries: ReadonlyMap<string, DirectoryEntry>;

  /** Use {@linkcode readStoredZip}. */
  constructor(file: ByteFile, entries: ReadonlyMap<string, DirectoryEntry>) {
    this.#file = file;
    this.#entries = entries;
  }

  /** The names of all entries. */
  names(): string[] {
    return [...this.#entries.keys()];
  }

  /**
   * Where the bytes of an entry lie in the file; undefined when there is no such entry.
   *
   * @throws {FormatError} when the entry's own header does not fit the directory
   */
  async locate(name: string): Promise<Stretch | undefined> {
    const entry = this.#entries.get(name);
    if (entry === undefined) return undefined;
    const where = `${this.#file.path}: zip entry ${quoted(name)}`;
    const header = viewOf(await this.#file.read(entry.headerOffset, ENTRY_BYTES, where));
    if (header.getUint32(0, true) !== ENTRY) throw new FormatError(`${where} has no header where the directory says`);
    const offset = entry.headerOffset + ENTRY_BYTES + header.getUint16(26, true) + header.getUint16(28, true);
    if (offset + entry.length > this.#file.size) throw new FormatError(`${where} reaches past the end of the file`);
    return { offset, length: entry.length };
  }
}

const viewOf = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/**
 * Reads the directory of a zip file (PKWARE's APPNOTE 6.3.10, with its 64-bit extension).
 *
 * @throws {FormatError} when it is not a zip file, or an entry is compressed, encrypted, there twice or outside the file
 */
export async function readStoredZip(file: ByteFile): Promise<StoredZip> {
  const { entries: count, offset, length } = await findDirectory(file);
  const where = `${file.path}: the zip directory`;
  if (length > MAX_DIRECTORY_BYTES) {
    throw new FormatError(`${where} has ${length} bytes; wanted at most ${MAX_DIRECTORY_BYTES}`);
  }
  const bytes = await file.read(offset, length, where);
  const entries = new Map<string, DirectoryEntry>();
  let at = 0;
  for (let i = 0; i < count; i++) {
    const { name, entry, bytes: taken } = readEntry(bytes.subarray(at), file, where);
    if (entries.has(name)) throw new FormatError(`${where} has the entry ${quoted(name)} twice`);
    entries.set(name, entry);
    at += taken;
  }
  return new StoredZip(file, entries);
}

async function findDirectory(file: ByteFile): Promise<Stretch & { entries: number }> {
  const tailBytes = Math.min(file.size, END_BYTES + SEE_64_16);
  const tail = viewOf(await file.read(file.size - tailBytes, tailBytes));
  let at = tailBytes - END_BYTES;
  while (
    at >= 0 && !(tail.getUint32(at, true) === END && at + END_BYTES + tail.getUint16(at + 20, true) === tailBytes)
  ) {
    at--;
  }
  if (at < 0) throw new FormatError(`${file.path} is not a zip file, or was cut off: it has no end record`);
  const entries = tail.getUint16(at + 10, true);
  const length = tail.getUint32(at + 12, true);
  const offset = tail.getUint32(at + 16, true);
  if (entries !== SEE_64_16 && length !== SEE_64_32 && offset !== SEE_64_32) return { entries, length, offset };
  return await findDirectory64(file, file.size - tailBytes + at);
}

async function findDirectory64(file: ByteFile, end: number): Promise<Stretch & { entries: number }> {
  const where = `${file.path}: the 64-bit end record of the zip file`;
  if (end < END_64_PLACE_BYTES) throw new FormatError(`${where} is missing`);
  const place = viewOf(await file.read(end - END_64_PLACE_BYTES, END_64_PLACE_BYTES, where));
  if (place.getUint32(0, true) !== END_64_PLACE) throw new FormatError(`${where} is missing`);
  const record = viewOf(await file.read(wholeNumber(place, 8, where), END_64_BYTES, where));
  if (record.getUint32(0, true) !== END_64) throw new FormatError(`${where} is not where it should be`);
  return {
    entries: wholeNumber(record, 32, where),
    length: wholeNumber(record, 40, where),
    offset: wholeNumber(record, 48, where),
  };
}

function wholeNumber(view: DataView, at: number, where: string): number {
  const value = view.getBigUint64(at, true);
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new FormatError(`${where} holds ${value}, which overflows`);
  return Number(value);
}

function readEntry(
  bytes: Uint8Array,
  file: ByteFile,
  where: string,
): { name: string; entry: DirectoryEntry; bytes: number } {
  const view = viewOf(bytes);
  if (bytes.length < DIRECTORY_ENTRY_BYTES || view.getUint32(0, true) !== DIRECTORY_ENTRY) {
    throw new FormatError(`${where} has fewer entries than the end record says`);
  }
  const [nameBytes, extraBytes, commentBytes] = [28, 30, 32].map((at) => view.getUint16(at, true)) as [
    number,
    number,
    number,
  ];
  const taken = DIRECTORY_ENTRY_BYTES + nameBytes + extraBytes + commentBytes;
  if (taken > bytes.length) throw new FormatError(`${where} ends inside an entry`);
  const extra = DIRECTORY_ENTRY_BYTES + nameBytes;
  const name = new TextDecoder().decode(bytes.subarray(DIRECTORY_ENTRY_BYTES, extra));
  const entryWhere = `${file.path}: zip entry ${quoted(name)}`;
  if (view.getUint16(8, true) & 1) throw new FormatError(`${entryWhere} is encrypted`);
  const method = view.getUint16(10, true);
  if (method !== 0) throw new FormatError(`${entryWhere} is compressed (method ${method}); wanted stored`);
  const [length, stored, headerOffset] = sizes(view, viewOf(bytes.subarray(extra, extra + extraBytes)), entryWhere);
  if (length !== stored) throw new FormatError(`${entryWhere} has ${length} bytes but stores ${stored}`);
  if (headerOffset + ENTRY_BYTES + length > file.size) {
    throw new FormatError(`${entryWhere} reaches past the end of the file`);
  }
  return { name, entry: { headerOffset, length }, bytes: taken };
}

/** Size, stored size and place of the header; each that does not fit 32 bits stands in the 64-bit extension, in this order. */
function sizes(view: DataView, extra: DataView, where: string): [length: number, stored: number, headerOffset: number] {
  const values = [24, 20, 42].map((at) => view.getUint32(at, true)) as [number, number, number];
  for (let at = 0; at + 4 <= extra.byteLength; at += 4 + extra.getUint16(at + 2, true)) {
    if (extra.getUint16(at, true) !== 1) continue;
    const end = at + 4 + extra.getUint16(at + 2, true);
    let next = at + 4;
    values.forEach((value, i) => {
      if (value !== SEE_64_32) return;
      if (next + 8 > Math.min(end, extra.byteLength)) throw new FormatError(`${where} lacks a 64-bit size`);
      values[i] = wholeNumber(extra, next, where);
      next += 8;
    });
    break;
  }
  return values;
}
