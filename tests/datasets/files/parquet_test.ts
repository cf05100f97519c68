import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { parquetWriteBuffer } from "hyparquet-writer";
import { DataError } from "../../../datasets/errors.ts";
import { mergeSources } from "../../../datasets/merging/merge.ts";
import { readPieces } from "../../../datasets/files/pieces.ts";
import { readRows, type Row } from "../../../datasets/formats/read_rows.ts";
import { readJsonLines, withFolder, write } from "../testing.ts";

const ROWS = Array.from({ length: 25 }, (_, index) => ({
  instruction: `问题 ${index}`,
  input: index % 3 === 0 ? "" : `输入 ${index}`,
  output: `答案 ${"很长".repeat(index)}`,
}));

/** A Parquet file of alpaca rows in groups of ten, compressed with Snappy as Hugging Face's are. */
function alpacaParquet(): Uint8Array {
  const column = (name: keyof (typeof ROWS)[number]) => ({
    name,
    data: ROWS.map((row) => row[name]),
    type: "STRING" as const,
  });
  return new Uint8Array(parquetWriteBuffer({
    columnData: [column("instruction"), column("input"), column("output")],
    rowGroupSize: [10],
    codec: "SNAPPY",
  }));
}

async function collect(path: string): Promise<Row[]> {
  return await Array.fromAsync(readRows(path));
}

Deno.test("readRows() reads Parquet, row group by row group", async () => {
  await withFolder(async (folder) => {
    const path = write(folder, "train-00000-of-00001.parquet", alpacaParquet());
    const pieces = await Array.fromAsync(readPieces(path));
    assertEquals(pieces.map((piece) => piece.kind === "parquet" && [piece.from, piece.values.length]), [
      [0, 10],
      [10, 10],
      [20, 5],
    ]);
    assertEquals(await collect(path), ROWS.map((value, index) => ({ value, line: index + 1 })));
  });
});

Deno.test("mergeSources() gives the same rows from Parquet as from JSON Lines", async () => {
  await withFolder(async (folder) => {
    const parquet = write(folder, "rows.parquet", alpacaParquet());
    const lines = write(folder, "rows.jsonl", ROWS.map((row) => JSON.stringify(row)).join("\n"));
    const bytesOf = async (path: string) => {
      await mergeSources([{ name: "rows", path }], { directory: folder, validation: 3, seed: 1 });
      return Deno.readTextFileSync(`${folder}/train.jsonl`);
    };
    assertEquals(await bytesOf(parquet), await bytesOf(lines));
    assertEquals(readJsonLines(`${folder}/train.jsonl`).length, 22);
  });
});

Deno.test("readRows() reads lists of turns from Parquet", async () => {
  await withFolder(async (folder) => {
    const conversations = [[{ from: "human", value: "问" }, { from: "gpt", value: "答" }]];
    const bytes = parquetWriteBuffer({ columnData: [{ name: "conversations", data: conversations, type: "JSON" }] });
    const [row] = await collect(write(folder, "chat.parquet", new Uint8Array(bytes)));
    assertEquals(row!.value, { conversations: conversations[0] });
  });
});

Deno.test("readRows() refuses Parquet that is cut short or damaged, naming the file", async () => {
  await withFolder(async (folder) => {
    const whole = alpacaParquet();
    for (const length of [5, 12, 100, whole.length - 1]) {
      const path = write(folder, "cut.parquet", whole.subarray(0, length));
      const error = await assertRejects(() => collect(path), DataError);
      assertStringIncludes(error.message, `${path}: could not read this Parquet file`);
    }
    const damaged = whole.slice();
    damaged.fill(0xff, 4, 300);
    await assertRejects(() => collect(write(folder, "damaged.parquet", damaged)), DataError);
  });
});

async function gzip(text: string): Promise<Uint8Array> {
  const stream = new Blob([text]).stream().pipeThrough(new CompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

Deno.test("readRows() reads gzipped arrays and lines, also large ones", async () => {
  await withFolder(async (folder) => {
    const rows = Array.from(
      { length: 30000 },
      (_, index) => ({ text: `行 ${index} ${Math.imul(index, 0x9e3779b1)}`.repeat(3) }),
    );
    for (const text of [JSON.stringify(rows), rows.map((row) => JSON.stringify(row)).join("\n")]) {
      const path = write(folder, "rows.json.gz", await gzip(text));
      const read = await collect(path);
      assertEquals(read.length, rows.length);
      assert(read.every(({ value }, at) => (value as { text: string }).text === rows[at]!.text));
    }
  });
});

Deno.test("readRows() refuses gzip that is cut short", async () => {
  await withFolder(async (folder) => {
    const whole = await gzip(JSON.stringify(ROWS));
    const path = write(folder, "cut.gz", whole.subarray(0, whole.length - 20));
    const error = await assertRejects(() => collect(path), DataError);
    assertStringIncludes(error.message, `${path}: wanted a whole gzip file, found a torn or damaged one`);
  });
});
