// A Parquet file is read in bounded memory, whatever it says of itself. Places that make room by what a file says:
//   row groups          datasets/files/parquet.ts         in pieces of 1,024 rows, page by page
//   the directory       datasets/files/parquet.ts         64 MiB; lists that end in it (datasets/files/parquet_thrift.ts)
//   headers of pages    datasets/files/parquet_column.ts  1 MiB; lists that end in them
//   pages, values       datasets/files/parquet_column.ts  512 MiB and 16 Mi of all columns together
//   runs, prefixes      datasets/files/parquet_page.ts    no more than the values; 256 MiB written out
//   decompression       datasets/files/parquet_page.ts    no more than the page says it has unpacked
//   cells, rows         datasets/files/parquet.ts         64 MiB, as of JSON
// Elsewhere: gzip in datasets/files/file_chunks.ts is unpacked piece by piece and rows of JSON have their limit
// (read_rows_test.ts); zip members of .bin and .npz files are stored, not packed (models/formats/torch/zip.ts).
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { parquetWriteBuffer } from "hyparquet-writer";
import { brotliCompressSync, gzipSync, zstdCompressSync } from "node:zlib";
import { DataError } from "../../datasets/errors.ts";
import { readPieces } from "../../datasets/files/pieces.ts";
import { parsePiece, readRows } from "../../datasets/formats/read_rows.ts";
import { Random } from "../kernels/harness.ts";
import { CODECS, plainPage, runPage, type SamplePage, sampleParquet, withDirectory } from "./sample_parquet.ts";
import { withFolder, write } from "./testing.ts";

const text = (length: number) => new Uint8Array(length).fill(97);
const dictionary = (length: number): SamplePage => ({ ...plainPage([text(length)]), dictionary: true });

/** Why a file cannot be read. */
async function fault(folder: string, bytes: Uint8Array): Promise<string> {
  const path = write(folder, "rows.parquet", bytes);
  const { message } = await assertRejects(() => Array.fromAsync(readRows(path)), DataError);
  assert(message.startsWith(path), message);
  return message.slice(path.length);
}

Deno.test("a row group is read in pieces of bounded size, however many rows it has", () =>
  withFolder(async (folder) => {
    const page = runPage(1_000_000);
    const path = write(folder, "many.parquet", sampleParquet([dictionary(3), ...Array(50).fill(page)], 50_000_000));
    assert(Deno.statSync(path).size < 2000);
    let rows = 0;
    for await (const piece of readPieces(path)) {
      const found = await parsePiece(piece, path);
      assert(found.length <= 1024, `${found.length} rows in a piece`);
      assertEquals(found[0], { value: { output: "aaa" }, line: rows + 1 });
      if ((rows += found.length) > 1_100_000) break; // into the second page
    }
  }));

Deno.test("lists that go over pages and groups are whole, and the last row too", () =>
  withFolder(async (folder) => {
    const rows = Array.from({ length: 3000 }, (_, at) => ({
      turns: Array.from(
        { length: at % 7 },
        (_, turn) => ({ from: turn % 2 ? "gpt" : "human", value: `${at}.${turn}` }),
      ),
      id: at % 5 ? `r${at}` : null,
    }));
    const bytes = parquetWriteBuffer({
      columnData: [
        { name: "turns", data: rows.map(({ turns }) => turns) },
        { name: "id", data: rows.map(({ id }) => id) },
      ],
      schema: [
        { name: "root", num_children: 2 },
        { name: "turns", num_children: 1, repetition_type: "OPTIONAL", converted_type: "LIST" },
        { name: "list", num_children: 1, repetition_type: "REPEATED" },
        { name: "element", num_children: 2, repetition_type: "OPTIONAL" },
        { name: "from", type: "BYTE_ARRAY", converted_type: "UTF8", repetition_type: "OPTIONAL" },
        { name: "value", type: "BYTE_ARRAY", converted_type: "UTF8", repetition_type: "OPTIONAL" },
        { name: "id", type: "BYTE_ARRAY", converted_type: "UTF8", repetition_type: "OPTIONAL" },
      ],
      pageSize: 700,
      rowGroupSize: [1000, 2000],
    });
    const path = write(folder, "turns.parquet", new Uint8Array(bytes));
    const read = await Array.fromAsync(readRows(path), ({ value }) => value);
    assertEquals(read as unknown[], rows);
  }));

Deno.test("a cell that is longer than a row may be is refused with its row, small as its file may be", () =>
  withFolder(async (folder) => {
    const cell = plainPage([text(3), text((64 << 20) + 1)]);
    const page = { ...cell, bytes: new Uint8Array(zstdCompressSync(cell.bytes)), unpacked: cell.bytes.length };
    const found = await fault(folder, sampleParquet([page], 2, CODECS.ZSTD));
    assertStringIncludes(found, ":2: wanted a row of at most 64 MiB, found a longer one");
  }));

Deno.test("a page that says less than it unpacks to ends with an error, not with its bytes", () =>
  withFolder(async (folder) => {
    const cell = plainPage([text(1 << 20)]);
    const packers = { ZSTD: zstdCompressSync, GZIP: gzipSync, BROTLI: brotliCompressSync };
    for (const [name, pack] of Object.entries(packers)) {
      const page = { ...cell, bytes: new Uint8Array(pack(cell.bytes)), unpacked: 1000 };
      const found = await fault(folder, sampleParquet([page], 1, CODECS[name as keyof typeof packers]));
      assertStringIncludes(found, ": could not read this Parquet file: ", name);
    }
  }));

Deno.test("what a file says of its sizes is believed only where it can be true", () =>
  withFolder(async (folder) => {
    const plain = plainPage([text(3)]);
    const start = new TextEncoder().encode("PAR1");
    const prefixes = { values: 60_000, bytes: sharedPrefixes(60_000), encoding: 7 };
    const cases: Record<string, readonly [Uint8Array, string]> = {
      "pages of too many values": [
        sampleParquet([dictionary(3), runPage(50_000_000)], 50_000_000),
        "a page has 50000000 values, and 16777215 are left",
      ],
      "a run that is longer than its page": [
        sampleParquet([dictionary(3), runPage(10, 1_000_000_000)], 10),
        "a page has more values than it says (10)",
      ],
      "a page that unpacks to more than there is room for": [
        sampleParquet([{ ...plain, unpacked: 2_000_000_000 }], 1),
        "a page unpacks to 2000000000 bytes",
      ],
      "prefixes that are shared over and over": [sampleParquet([prefixes], 60_000), "a page has values of"],
      "more rows than values": [sampleParquet([plain], 2), "a column has fewer values than rows"],
      "a list without end in the directory": [
        withDirectory([start], [0x19, 0xfc, 0xff, 0xff, 0xff, 0x7f, 0]),
        "a header ends early",
      ],
      "structures in one another": [withDirectory([start], Array(10_000).fill(0x1c)), "nested too deeply"],
    };
    for (const [name, [bytes, wanted]] of Object.entries(cases)) {
      assertStringIncludes(await fault(folder, bytes), wanted, name);
    }
  }));

Deno.test("a file with a flipped bit gives its rows or an error that names it", () =>
  withFolder(async (folder) => {
    const data = Array.from({ length: 40 }, (_, at) => at % 3 ? `text ${at}` : "same");
    const whole = new Uint8Array(parquetWriteBuffer({ columnData: [{ name: "output", data }], codec: "SNAPPY" }));
    const random = new Random(15);
    for (let i = 0; i < 300; i++) {
      const bytes = whole.slice();
      bytes[random.below(bytes.length)]! ^= 1 << random.below(8);
      const path = write(folder, "rows.parquet", bytes);
      try {
        await Array.fromAsync(readRows(path));
      } catch (error) {
        assert(error instanceof DataError && error.message.startsWith(path), String(error));
      }
    }
  }));

/** Values as DELTA_BYTE_ARRAY, each the one before and a letter more. */
function sharedPrefixes(count: number): Uint8Array {
  const varint = (value: number): number[] => value < 128 ? [value] : [value % 128 | 128, ...varint(value >>> 7)];
  /** Numbers that grow by the same difference: one block. */
  const numbers = (
    first: number,
    step: number,
  ) => [...varint(2 ** 16), 1, ...varint(count), ...varint(first * 2), ...varint(step * 2), 0];
  return new Uint8Array([...numbers(0, 1), ...numbers(1, 0), ...text(count)]);
}
