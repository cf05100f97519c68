import {
  type AsyncBuffer,
  type FileMetaData,
  parquetMetadata,
  parquetSchema,
  type RowGroup,
  type SchemaTree,
} from "hyparquet";
import { DEFAULT_PARSERS } from "hyparquet/src/convert.js";
import { assembleAsync, asyncGroupToRows } from "hyparquet/src/rowgroup.js";
import { getTreePath } from "hyparquet/src/schema.js";
import { DataError } from "../errors.ts";
import { openFile, readFully } from "./file_chunks.ts";
import { MAX_ROW_BYTES, type Row, rowTooLong } from "./json_row.ts";
import { ColumnReader, PageBudget } from "./parquet_column.ts";
import type { Decoder } from "./parquet_page.ts";
import { checkThrift } from "./parquet_thrift.ts";

/** Some rows of a Parquet file. */
export interface ParquetPiece {
  readonly kind: "parquet";
  readonly values: readonly unknown[];
  /** Which of the file's the first is, from 0. */
  readonly from: number;
}

/** Rows, and bytes of text, of a piece. */
const ROWS_A_PIECE = 1024;
const BYTES_A_PIECE = 8 << 20;

/** Bytes of the directory of a file with tens of thousands of row groups. */
const MAX_DIRECTORY_BYTES = 64 << 20;

/** Nesting of a value, as of JSON in a column of that type. */
const MAX_DEPTH = 256;

/** Bytes at both ends of a Parquet file. */
const MAGIC = new TextEncoder().encode("PAR1");

/**
 * Whether a file begins as Parquet does.
 *
 * @throws {DataError} if it is missing, a folder or unreadable.
 */
export async function isParquet(path: string): Promise<boolean> {
  using file = await openFile(path);
  const start = new Uint8Array(MAGIC.length);
  const length = await readFully(file, start);
  return length === MAGIC.length && start.every((byte, at) => byte === MAGIC[at]);
}

/**
 * The rows of a Parquet file in pieces. Only its directory and, of each column, the pages that hold the next rows are in
 * memory, and no more than {@linkcode PageBudget} allows.
 *
 * @throws {DataError} if it is torn, damaged or compressed in an unknown way, or a row is longer than one of JSON may be.
 */
export async function* parquetPieces(
  path: string,
  { signal, onBytes }: { signal?: AbortSignal; onBytes?: (bytes: number) => void },
): AsyncGenerator<ParquetPiece> {
  using file = await openFile(path);
  const buffer = await asyncBuffer(file);
  const metadata = await explained(path, () => readDirectory(buffer));
  const schema = parquetSchema(metadata);
  let from = 0;
  for (const group of metadata.row_groups) {
    const rows = groupRows(buffer, group, schema);
    for (;;) {
      signal?.throwIfAborted();
      const next = await explained(path, () => rows.next());
      if (next.done) break;
      for (const values of cutBySize(path, from, next.value.rows)) {
        signal?.throwIfAborted();
        yield { kind: "parquet", values, from };
        from += values.length;
      }
      onBytes?.(Math.min(next.value.offset, buffer.byteLength));
    }
  }
  onBytes?.(buffer.byteLength);
}

/** The rows of a piece. Lines are counted as if each row was one. */
export function readParquetPiece({ values, from }: ParquetPiece): Row[] {
  return values.map((value, index) => ({ value, line: from + index + 1 }));
}

/** The directory at the end of a file. */
async function readDirectory(buffer: AsyncBuffer): Promise<FileMetaData> {
  const end = new DataView(await buffer.slice(Math.max(buffer.byteLength - 8, 0), buffer.byteLength));
  if (end.byteLength < 8) throw new Error("it is too short");
  const length = end.getUint32(0, true);
  if (length > MAX_DIRECTORY_BYTES) throw new Error(`its directory has ${length} bytes`);
  if (length + 8 > buffer.byteLength) throw new Error("its directory is longer than the file");
  const bytes = await buffer.slice(buffer.byteLength - 8 - length, buffer.byteLength);
  checkThrift(new Uint8Array(bytes, 0, length), 0);
  return parquetMetadata(bytes);
}

/** Some rows of a group, and how far in the file its columns have been read. */
interface GroupRows {
  readonly rows: unknown[];
  readonly offset: number;
}

/** The rows of a row group, some at a time. */
async function* groupRows(file: AsyncBuffer, group: RowGroup, schema: SchemaTree): AsyncGenerator<GroupRows> {
  const budget = new PageBudget();
  const columns = group.columns.map(({ meta_data: chunk, file_path }) => {
    if (file_path) throw new Error("its columns lie in other files");
    if (chunk === undefined) throw new Error("a column has no description");
    const schemaPath = getTreePath(schema, chunk.path_in_schema);
    const { element } = schemaPath.at(-1)!;
    const { type, codec } = chunk;
    const decoder = { pathInSchema: chunk.path_in_schema, element, schemaPath, type, codec, parsers: DEFAULT_PARSERS };
    return new ColumnReader(file, chunk, decoder as Decoder, budget);
  });
  if (columns.length === 0) return;
  for (let left = Number(group.num_rows); left > 0;) {
    for (const column of columns) {
      while (column.ready === 0 && await column.more());
    }
    const count = Math.min(left, ROWS_A_PIECE, ...columns.map(({ ready }) => ready));
    if (count <= 0) throw new Error("a column has fewer values than rows");
    left -= count;
    const asyncColumns = columns.map((column) => ({
      pathInSchema: [...column.path],
      data: Promise.resolve({ data: [column.take(count)], skipped: 0 }),
    }));
    const range = { groupStart: 0, groupRows: count, selectStart: 0, selectEnd: count };
    const assembled = assembleAsync({ ...range, asyncColumns }, schema);
    await Promise.allSettled(assembled.asyncColumns.map(({ data }) => data)); // so that no failure goes unheard
    const rows = await asyncGroupToRows(assembled, 0, count, undefined, "object");
    yield { rows, offset: Math.max(...columns.map(({ offset }) => offset)) };
  }
}

/** Cuts rows into pieces that may be handed to another thread, and refuses one that is too long. */
function* cutBySize(path: string, from: number, rows: readonly unknown[]): Generator<unknown[]> {
  let piece: unknown[] = [];
  let bytes = 0;
  for (const [index, row] of rows.entries()) {
    const size = sizeOf(row);
    const line = from + index + 1;
    if (size > MAX_ROW_BYTES) throw rowTooLong({ file: path, line });
    if (bytes + size > BYTES_A_PIECE && piece.length > 0) {
      yield piece;
      [piece, bytes] = [[], 0];
    }
    piece.push(row);
    bytes += size;
  }
  if (piece.length > 0) yield piece;
}

/** About the bytes of a value, no more than it has as JSON in UTF-8; infinite where it is nested beyond reason. */
function sizeOf(value: unknown, depth = 0): number {
  if (typeof value === "string") return value.length;
  if (typeof value !== "object" || value === null) return 1;
  if (ArrayBuffer.isView(value)) return value.byteLength;
  if (depth > MAX_DEPTH) return Infinity;
  let size = 2;
  for (const each of Array.isArray(value) ? value : Object.values(value)) size += sizeOf(each, depth + 1);
  return size;
}

async function asyncBuffer(file: Deno.FsFile): Promise<AsyncBuffer> {
  const { size } = await file.stat();
  // Columns of a group are asked for at once, but the file has one position.
  let turn: Promise<unknown> = Promise.resolve();
  const slice = async (start: number, end = size): Promise<ArrayBuffer> => {
    const bytes = new Uint8Array(Math.max(Math.min(end, size) - start, 0));
    await file.seek(start, Deno.SeekMode.Start);
    const length = await readFully(file, bytes);
    if (length < bytes.length) throw new Error("the file ends early");
    return bytes.buffer;
  };
  return {
    byteLength: size,
    slice: (start, end) => {
      const result = turn.then(() => slice(start, end));
      turn = result.catch(() => {});
      return result;
    },
  };
}

async function explained<T>(path: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new DataError(`${path}: could not read this Parquet file: ${reason}`, { cause: error });
  }
}
