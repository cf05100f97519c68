import { type AsyncBuffer, parquetMetadataAsync, parquetReadObjects } from "hyparquet";
import { compressors } from "hyparquet-compressors";
import { DataError } from "./errors.ts";
import { openFile, readFully } from "./file_chunks.ts";
import type { Row } from "./json_row.ts";

/** Rows of a Parquet file that belong to one row group. */
export interface ParquetPiece {
  readonly kind: "parquet";
  readonly path: string;
  /** First row, from 0. */
  readonly from: number;
  /** Behind the last row. */
  readonly to: number;
}

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
 * The row groups of a Parquet file. Only its directory is read here.
 *
 * @throws {DataError} if the directory is torn.
 */
export async function* parquetPieces(
  path: string,
  { signal, onBytes }: { signal?: AbortSignal; onBytes?: (bytes: number) => void },
): AsyncGenerator<ParquetPiece> {
  using file = await openFile(path);
  const buffer = await asyncBuffer(file);
  const metadata = await explained(path, () => parquetMetadataAsync(buffer));
  let from = 0;
  let bytes = 0;
  for (const group of metadata.row_groups) {
    signal?.throwIfAborted();
    const to = from + Number(group.num_rows);
    if (to > from) yield { kind: "parquet", path, from, to };
    from = to;
    bytes += Number(group.total_compressed_size ?? group.total_byte_size);
    onBytes?.(Math.min(bytes, buffer.byteLength));
  }
  onBytes?.(buffer.byteLength);
}

/**
 * Reads the rows of a piece. Lines are counted as if each row was one.
 *
 * @throws {DataError} if its data are damaged or compressed in an unknown way.
 */
export async function readParquetPiece({ path, from, to }: ParquetPiece): Promise<Row[]> {
  using file = await openFile(path);
  const buffer = await asyncBuffer(file);
  const rows = await explained(
    path,
    () => parquetReadObjects({ file: buffer, rowStart: from, rowEnd: to, compressors }),
  );
  return rows.map((value, index) => ({ value, line: from + index + 1 }));
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
