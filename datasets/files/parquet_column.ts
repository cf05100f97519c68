// A column of a row group of Parquet, read page by page: only what has not been taken yet is in memory.
import type { AsyncBuffer, ColumnMetaData, DecodedArray, PageHeader } from "hyparquet";
import { assembleLists } from "hyparquet/src/assemble.js";
import { parquetHeader } from "hyparquet/src/column.js";
import { convert } from "hyparquet/src/convert.js";
import { isFlatColumn } from "hyparquet/src/schema.js";
import { type Decoder, readDictionary, readValues } from "./parquet_page.ts";
import { checkThrift } from "./parquet_thrift.ts";

/** Bytes of a page's header; only with long statistics are they more than some hundreds. */
const FIRST_HEADER_BYTES = 4 << 10;
const MAX_HEADER_BYTES = 1 << 20;

/** What the pages in hand of all columns of a row group may come to. */
export class PageBudget {
  /** @param bytes unpacked; @param values of all columns, with those of lists and nulls */
  constructor(private bytes: number = 512 << 20, private values: number = 16 << 20) {}

  /**
   * Counts what a page will take, before any room is made for it.
   *
   * @throws {Error} when it is more than is left
   */
  take(bytes: number, values: number): { giveBack(): void } {
    if (!(bytes >= 0 && bytes <= this.bytes)) {
      throw new Error(`a page unpacks to ${bytes} bytes, and ${this.bytes} are left for pages in memory`);
    }
    if (!(values >= 0 && values <= this.values)) {
      throw new Error(`a page has ${values} values, and ${this.values} are left for pages in memory`);
    }
    this.bytes -= bytes;
    this.values -= values;
    return {
      giveBack: () => {
        this.bytes += bytes;
        this.values += values;
      },
    };
  }
}

/** Rows of pages that are in memory. */
interface Held {
  rows: DecodedArray;
  /** So many of them have been taken. */
  taken: number;
  readonly cost: { giveBack(): void }[];
}

/** A column of a row group. */
export class ColumnReader {
  readonly path: readonly string[];
  readonly #file: AsyncBuffer;
  readonly #decoder: Decoder;
  readonly #budget: PageBudget;
  readonly #isFlat: boolean;
  readonly #end: number;
  #at: number;
  #dictionary: DecodedArray | undefined;
  #held: Held[] = [];

  constructor(file: AsyncBuffer, chunk: ColumnMetaData, decoder: Decoder, budget: PageBudget) {
    this.path = chunk.path_in_schema;
    this.#file = file;
    this.#decoder = decoder;
    this.#budget = budget;
    this.#isFlat = isFlatColumn(decoder.schemaPath);
    this.#at = Number(chunk.dictionary_page_offset || chunk.data_page_offset);
    this.#end = this.#at + Number(chunk.total_compressed_size);
    if (!(this.#at >= 0 && this.#end <= file.byteLength)) throw new Error("a column lies behind the end of the file");
  }

  /** Where in the file it stands. */
  get offset(): number {
    return this.#at;
  }

  /** Rows that are whole. The last one of a nested column may go on in the next page. */
  get ready(): number {
    const rows = this.#held.reduce((sum, { rows, taken }) => sum + rows.length - taken, 0);
    return this.#isFlat || this.#at >= this.#end ? rows : Math.max(rows - 1, 0);
  }

  /** Reads the next page; false when there is none. */
  async more(): Promise<boolean> {
    if (this.#at >= this.#end) return false;
    const { header, bytes } = await this.#page();
    const values = (header.data_page_header ?? header.data_page_header_v2 ?? header.dictionary_page_header)?.num_values;
    const cost = this.#budget.take(header.uncompressed_page_size, values ?? 0);
    if (header.type === "DICTIONARY_PAGE") {
      this.#dictionary = convert(readDictionary(bytes, header, this.#decoder), this.#decoder); // kept to the end
      return true;
    }
    if (header.type !== "DATA_PAGE" && header.type !== "DATA_PAGE_V2") {
      cost.giveBack();
      return true; // an index
    }
    const { definitionLevels, repetitionLevels, values: found } = readValues(
      bytes,
      header,
      this.#decoder,
      this.#dictionary,
    );
    // The last row of a nested column may go on, so what is left of it comes first.
    const open = this.#isFlat ? undefined : this.#held.pop();
    const before: unknown[] = open === undefined ? [] : Array.from(open.rows).slice(open.taken);
    const rows = assembleLists(before, definitionLevels, repetitionLevels, found, this.#decoder.schemaPath);
    this.#held.push({ rows, taken: 0, cost: [...open?.cost ?? [], cost] });
    return true;
  }

  /** Takes rows that are ready. */
  take(count: number): unknown[] {
    const taken: unknown[] = [];
    while (taken.length < count) {
      const first = this.#held[0];
      if (first === undefined) throw new Error("a column has fewer values than rows");
      const end = Math.min(first.taken + count - taken.length, first.rows.length);
      for (; first.taken < end; first.taken++) taken.push(first.rows[first.taken]);
      const left = first.rows.length - first.taken;
      if (left <= Number(!this.#isFlat)) { for (const cost of first.cost.splice(0)) cost.giveBack(); }
      if (left === 0) this.#held.shift();
    }
    return taken;
  }

  async #page(): Promise<{ header: PageHeader; bytes: Uint8Array }> {
    const { header, length } = await this.#header(FIRST_HEADER_BYTES).catch(() => this.#header(MAX_HEADER_BYTES));
    const from = this.#at + length;
    const to = from + header.compressed_page_size;
    if (!(to >= from && to <= this.#end)) throw new Error("a page ends behind its column");
    this.#at = to;
    return { header, bytes: new Uint8Array(await this.#file.slice(from, to)) };
  }

  async #header(bytes: number): Promise<{ header: PageHeader; length: number }> {
    const start = await this.#file.slice(this.#at, Math.min(this.#at + bytes, this.#end));
    const length = checkThrift(new Uint8Array(start), 0);
    return { header: parquetHeader({ view: new DataView(start), offset: 0 }), length };
  }
}
