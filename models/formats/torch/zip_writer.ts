import { crc32 } from "node:zlib";
import { FormatError, quoted } from "../error.ts";

/** A file of an archive. */
export interface ZipEntry {
  readonly name: string;
  readonly data: Uint8Array;
}

/** Where the data of an entry begins is a multiple of this, as torch.save has it, so that it can be mapped. */
const ALIGNMENT = 64;
/** Sizes and places have 32 bits; the extension beyond is not written. */
const MAX_BYTES = 2 ** 32 - 1;
const MAX_ENTRIES = 65534;
/** 1 January 1980, the first date that the format knows: the same entries give the same bytes. */
const DATE = 0x21;
/** The id of a field that nobody reads; torch.save pads with it too. */
const PADDING_ID = 0x4246;

/**
 * A zip archive without compression (APPNOTE.TXT, stored entries), in pieces to be written one after the other.
 *
 * @param path the file, for messages
 * @throws {FormatError} when it would pass 4 GB
 */
export function zipPieces(entries: readonly ZipEntry[], path: string): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let at = 0;
  const add = (piece: Uint8Array) => {
    pieces.push(piece);
    at += piece.length;
  };
  for (const { name, data } of entries) {
    const utf8 = new TextEncoder().encode(name);
    const header = { name: utf8, size: data.length, checksum: crc32(data) };
    const start = at;
    const bare = at + 30 + utf8.length + 4;
    add(localHeader(header, (ALIGNMENT - bare % ALIGNMENT) % ALIGNMENT));
    add(data);
    if (at > MAX_BYTES) {
      throw new FormatError(
        `${path}: cannot write ${quoted(name)}: the file would pass 4 GB; write safetensors instead`,
      );
    }
    directory.push(directoryEntry(header, start));
  }
  const start = at;
  if (entries.length > MAX_ENTRIES) {
    throw new FormatError(`${path}: cannot write ${entries.length} entries; the format has room for ${MAX_ENTRIES}`);
  }
  directory.forEach(add);
  add(endRecord(entries.length, at - start, start));
  return pieces;
}

interface Header {
  readonly name: Uint8Array;
  readonly size: number;
  readonly checksum: number;
}

/** The fields that both records of an entry share, from the flags on. */
function sharedFields(view: DataView, at: number, { name, size, checksum }: Header, extra: number): void {
  view.setUint16(at, 0x800, true); // the name is UTF-8
  view.setUint16(at + 6, DATE, true);
  view.setUint32(at + 8, checksum, true);
  view.setUint32(at + 12, size, true);
  view.setUint32(at + 16, size, true);
  view.setUint16(at + 20, name.length, true);
  view.setUint16(at + 22, extra, true);
}

function localHeader(header: Header, padding: number): Uint8Array {
  const bytes = new Uint8Array(30 + header.name.length + 4 + padding);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0x04034b50, true);
  sharedFields(view, 6, header, 4 + padding);
  bytes.set(header.name, 30);
  view.setUint16(30 + header.name.length, PADDING_ID, true);
  view.setUint16(32 + header.name.length, padding, true);
  return bytes;
}

function directoryEntry(header: Header, start: number): Uint8Array {
  const bytes = new Uint8Array(46 + header.name.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0x02014b50, true);
  sharedFields(view, 8, header, 0);
  view.setUint32(42, start, true);
  bytes.set(header.name, 46);
  return bytes;
}

function endRecord(entries: number, size: number, start: number): Uint8Array {
  const bytes = new Uint8Array(22);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0x06054b50, true);
  view.setUint16(8, entries, true);
  view.setUint16(10, entries, true);
  view.setUint32(12, size, true);
  view.setUint32(16, start, true);
  return bytes;
}
