// Decoding of a page of Parquet within bounds. The library does what the format says, but believes what a page says of
// itself: lengths of runs and of shared prefixes are checked here before it may make room for them.
import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from "node:zlib";
import type { Compressors, DecodedArray, PageHeader } from "hyparquet";
import { compressors as libraryCompressors } from "hyparquet-compressors";
import { convertWithDictionary } from "hyparquet/src/convert.js";
import { decompressPage, readDataPage, readDataPageV2 } from "hyparquet/src/datapage.js";
import { deltaBinaryUnpack } from "hyparquet/src/delta.js";
import { readRleBitPackedHybrid } from "hyparquet/src/encoding.js";
import { readPlain } from "hyparquet/src/plain.js";
import { getMaxDefinitionLevel, getMaxRepetitionLevel } from "hyparquet/src/schema.js";

/** What the library has to know of a column. */
export type Decoder = Parameters<typeof readDataPage>[2];

/** A page's values, with what says where rows and lists begin and what is null. */
export interface DecodedPage {
  readonly definitionLevels: number[] | undefined;
  readonly repetitionLevels: number[];
  readonly values: DecodedArray;
}

/** Bytes that the values of one page may have together when prefixes that they share are written out. */
const MAX_EXPANDED_BYTES = 256 << 20;

const bounded = (unpack: typeof gunzipSync) => (bytes: Uint8Array, length: number): Uint8Array => {
  const { buffer, byteOffset, byteLength } = unpack(bytes, { maxOutputLength: Math.max(length, 1) });
  return new Uint8Array(buffer, byteOffset, byteLength);
};

/** Those of the library, but where it would unpack as much as there is. */
export const compressors: Compressors = {
  ...libraryCompressors,
  GZIP: bounded(gunzipSync),
  BROTLI: bounded(brotliDecompressSync),
  ZSTD: bounded(zstdDecompressSync),
};

/** The values of a page of a dictionary. */
export function readDictionary(bytes: Uint8Array, header: PageHeader, decoder: Decoder): DecodedArray {
  const count = header.dictionary_page_header?.num_values;
  if (count === undefined) throw new Error("a page of a dictionary has no header of its own");
  const page = decompressPage(bytes, header.uncompressed_page_size, decoder.codec, compressors);
  return readPlain(readerOf(page), decoder.type, count, decoder.element.type_length);
}

/** The values of a page of data. */
export function readValues(
  bytes: Uint8Array,
  header: PageHeader,
  decoder: Decoder,
  dictionary: DecodedArray | undefined,
): DecodedPage {
  const { data_page_header: first, data_page_header_v2: second } = header;
  if (first !== undefined) {
    const page = decompressPage(bytes, header.uncompressed_page_size, decoder.codec, compressors);
    let [at, nulls] = [0, 0];
    const { lists, definition } = maxLevels(decoder);
    if (lists > 0) at = checkRuns(page, at, widthOf(lists), first.num_values);
    if (definition > 0) {
      const end = checkRuns(page, at, widthOf(definition), first.num_values);
      if (first.encoding === "DELTA_BYTE_ARRAY") nulls = countNulls(page, at, definition, first.num_values);
      at = end;
    }
    checkEncoding(page.subarray(at), first.encoding, first.num_values - nulls, decoder);
    const { dataPage, ...levels } = readDataPage(page, first, decoder);
    return { ...levels, values: convertWithDictionary(dataPage, dictionary, first.encoding, decoder) };
  }
  if (second === undefined) throw new Error("a page of data has no header of its own");
  const page = withoutCompression(bytes, header.uncompressed_page_size, second, decoder);
  const { num_values: count, repetition_levels_byte_length: before, definition_levels_byte_length: length } = second;
  const { lists, definition } = maxLevels(decoder);
  if (lists > 0) checkRuns(page, 0, widthOf(lists), count, before);
  if (definition > 0) checkRuns(page, before, widthOf(definition), count, length);
  checkEncoding(page.subarray(before + length), second.encoding, count - second.num_nulls, decoder);
  const unpacked = { ...header, data_page_header_v2: { ...second, is_compressed: false } };
  const { dataPage, ...levels } = readDataPageV2(page, unpacked, decoder);
  return { ...levels, values: convertWithDictionary(dataPage, dictionary, second.encoding, decoder) };
}

/** A page of the second form, whose levels are never compressed, with its values unpacked. */
function withoutCompression(
  bytes: Uint8Array,
  size: number,
  header: NonNullable<PageHeader["data_page_header_v2"]>,
  { codec }: Decoder,
): Uint8Array {
  const { repetition_levels_byte_length: repetition, definition_levels_byte_length: definition } = header;
  const levels = repetition + definition;
  if (Math.min(repetition, definition, size - levels) < 0) throw new Error("a page has levels of a wrong length");
  if (header.is_compressed === false) return bytes;
  const values = decompressPage(bytes.subarray(levels), size - levels, codec, compressors);
  const page = new Uint8Array(levels + values.length);
  page.set(bytes.subarray(0, levels));
  page.set(values, levels);
  return page;
}

/** The largest levels of a column: of lists in one another, and of what may be null. 0 where there are none. */
function maxLevels({ schemaPath }: Decoder): { lists: number; definition: number } {
  return { lists: getMaxRepetitionLevel(schemaPath), definition: getMaxDefinitionLevel(schemaPath) };
}

const widthOf = (level: number) => 32 - Math.clz32(level);

function countNulls(page: Uint8Array, at: number, level: number, count: number): number {
  const levels = new Array<number>(count);
  readRleBitPackedHybrid({ ...readerOf(page), offset: at }, widthOf(level), levels);
  return levels.reduce((nulls, each) => nulls + Number(each !== level), 0);
}

/** Checks what follows the levels. */
function checkEncoding(values: Uint8Array, encoding: string, count: number, { type }: Decoder): void {
  if (encoding === "RLE") checkRuns(values, 0, 1, count);
  else if (encoding.endsWith("_DICTIONARY") && type !== "BOOLEAN") {
    const width = values[0] ?? 0;
    if (width > 0) checkRuns(values, 1, width, count, values.length - 1);
  } else if (encoding === "DELTA_BYTE_ARRAY" && count > 0) {
    const prefixes = new Int32Array(count);
    deltaBinaryUnpack(readerOf(values), count, prefixes);
    const sum = prefixes.reduce((sum, length) => sum + Math.max(length, 0), values.length);
    if (sum > MAX_EXPANDED_BYTES) throw new Error(`a page has values of ${sum} bytes`);
  }
}

/**
 * Checks that runs of repeated and of packed numbers are no more than `count` numbers.
 *
 * @param length of the runs in bytes; left out, it stands before them
 * @returns where they end
 */
function checkRuns(page: Uint8Array, at: number, width: number, count: number, length?: number): number {
  const own = length ?? readerOf(page).view.getUint32(at, true);
  let offset = length === undefined ? at + 4 : at;
  const end = offset + own;
  for (let seen = 0; seen < count && offset < end;) {
    let header = 0;
    for (let shift = 0;; shift += 7) {
      const byte = page[offset++];
      if (byte === undefined || shift > 28) throw new Error("a page has a run without end");
      header += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) break;
    }
    const run = Math.floor(header / 2);
    if (header % 2 === 1) { // groups of eight, packed; the last may be longer than there are numbers
      seen += run * 8;
      offset += run * width;
    } else {
      seen += run;
      offset += (width + 7) >> 3;
      if (seen > count) throw new Error(`a page has more values than it says (${count})`);
    }
  }
  return end;
}

function readerOf(page: Uint8Array): { view: DataView; offset: number } {
  return { view: new DataView(page.buffer, page.byteOffset, page.byteLength), offset: 0 };
}
