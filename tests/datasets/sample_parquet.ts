// A writer of Parquet that can lie: one column of texts, each page as it is told.
type Field = readonly [id: number, type: number, bytes: readonly number[]];

const [I32, I64, BINARY, LIST, STRUCT] = [5, 6, 8, 9, 12];

function varint(value: number): number[] {
  const bytes: number[] = [];
  for (; value > 0x7f; value = Math.floor(value / 128)) bytes.push(value % 128 | 0x80);
  return [...bytes, value];
}

const int = (value: number) => varint(value * 2);
const i32 = (id: number, value: number): Field => [id, I32, int(value)];
const i64 = (id: number, value: number): Field => [id, I64, int(value)];
const binary = (text: string) => [...varint(text.length), ...new TextEncoder().encode(text)];
const list = (
  type: number,
  items: readonly (readonly number[])[],
) => [0xf0 | type, ...varint(items.length), ...items.flat()];

function struct(...fields: Field[]): number[] {
  let last = 0;
  const bytes = fields.flatMap(([id, type, body]) => {
    const head = (id - last) << 4 | type;
    last = id;
    return [head, ...body];
  });
  return [...bytes, 0];
}

/** Codecs by their numbers in the format. */
export const CODECS = { UNCOMPRESSED: 0, GZIP: 2, BROTLI: 4, ZSTD: 6 } as const;

/** What stands in a page's header, and the page. */
export interface SamplePage {
  readonly values: number;
  readonly bytes: Uint8Array;
  /** Said of the unpacked length; that of the bytes, where left out. */
  readonly unpacked?: number;
  /** PLAIN 0, RLE_DICTIONARY 8, DELTA_BYTE_ARRAY 7 */
  readonly encoding: number;
  readonly dictionary?: true;
}

/** A page whose values are all the first of the dictionary: one run. */
export function runPage(values: number, run: number = values): SamplePage {
  return { values, bytes: new Uint8Array([1, ...varint(run * 2), 0]), encoding: 8 };
}

/** A page with texts as they are. */
export function plainPage(texts: readonly Uint8Array[]): Omit<SamplePage, "encoding"> & { encoding: 0 } {
  const bytes = new Uint8Array(texts.reduce((sum, text) => sum + 4 + text.length, 0));
  let at = 0;
  for (const text of texts) {
    new DataView(bytes.buffer).setUint32(at, text.length, true);
    bytes.set(text, at + 4);
    at += 4 + text.length;
  }
  return { values: texts.length, bytes, encoding: 0 };
}

/** A file with one column `output` of texts, in one row group. */
export function sampleParquet(pages: readonly SamplePage[], rows: number, codec: number = 0): Uint8Array {
  const body: (Uint8Array | number[])[] = [new TextEncoder().encode("PAR1")];
  for (const { values, bytes, unpacked = bytes.length, encoding, dictionary } of pages) {
    const own = dictionary
      ? [[7, STRUCT, struct(i32(1, values), i32(2, encoding))] as const]
      : [[5, STRUCT, struct(i32(1, values), i32(2, encoding), i32(3, 3), i32(4, 3))] as const];
    body.push(struct(i32(1, dictionary ? 2 : 0), i32(2, unpacked), i32(3, bytes.length), ...own), bytes);
  }
  const size = body.reduce((sum, part) => sum + part.length, 0) - 4;
  const column = struct(
    i32(1, 6), // BYTE_ARRAY
    [2, LIST, list(I32, [int(0)])],
    [3, LIST, list(BINARY, [binary("output")])],
    i32(4, codec),
    i64(5, rows),
    i64(6, size),
    i64(7, size),
    i64(9, 4),
  );
  const group = struct(
    [1, LIST, list(STRUCT, [struct(i64(2, 4), [3, STRUCT, column])])],
    i64(2, size),
    i64(3, rows),
  );
  const directory = struct(
    i32(1, 1),
    [
      2,
      LIST,
      list(STRUCT, [
        struct([4, BINARY, binary("schema")], i32(5, 1)),
        struct(i32(1, 6), i32(3, 0), [4, BINARY, binary("output")], i32(6, 0)),
      ]),
    ],
    i64(3, rows),
    [4, LIST, list(STRUCT, [group])],
  );
  return withDirectory(body, directory);
}

/** A file that ends with a directory of these bytes. */
export function withDirectory(body: readonly (Uint8Array | number[])[], directory: readonly number[]): Uint8Array {
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, directory.length, true);
  const parts = [...body, directory, length, new TextEncoder().encode("PAR1")];
  const file = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    file.set(part, at);
    at += part.length;
  }
  return file;
}
