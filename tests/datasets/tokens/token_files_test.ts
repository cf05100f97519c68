import { assertEquals, assertThrows } from "@std/assert";
import { join } from "@std/path";
import { DataError } from "../../../datasets/errors.ts";
import { TokenReader } from "../../../datasets/tokens/token_reader.ts";
import { TokenWriter } from "../../../datasets/tokens/token_writer.ts";
import { withFolder } from "../testing.ts";

const rows = [
  { ids: Uint32Array.of(1, 70000, 2), labelled: Uint8Array.of(0, 0, 1) },
  { ids: Uint32Array.of(5), labelled: Uint8Array.of(0) },
  { ids: Uint32Array.of(1, 7, 8, 9, 2), labelled: Uint8Array.of(0, 1, 0, 1, 1) },
];

function writeRows(folder: string): void {
  using writer = new TokenWriter(folder, "train");
  for (const row of rows) writer.append(row);
  writer.finish();
}

Deno.test("TokenReader gives back in any order what TokenWriter wrote, with several answers a row", async () => {
  await withFolder((folder) => {
    writeRows(folder);
    using reader = new TokenReader(folder, "train", 70001);
    assertEquals([reader.rows, reader.tokens, reader.lengths], [3, 9, Uint32Array.of(3, 1, 5)]);
    for (const index of [2, 0, 1, 2]) assertEquals(reader.row(index), rows[index]!);
    assertThrows(() => reader.row(3), RangeError, "wanted 0 … 2, found 3");
  });
});

Deno.test("TokenReader opens a split without rows", async () => {
  await withFolder((folder) => {
    using writer = new TokenWriter(folder, "validation");
    writer.finish();
    using reader = new TokenReader(folder, "validation", 10);
    assertEquals([reader.rows, reader.tokens], [0, 0]);
  });
});

Deno.test("TokenReader refuses ids outside the vocabulary, naming the row", async () => {
  await withFolder((folder) => {
    writeRows(folder);
    using reader = new TokenReader(folder, "train", 70000);
    assertThrows(() => reader.row(0), DataError, "row 0: wanted ids below 70000, found 70000");
  });
});

Deno.test("TokenReader refuses files whose sizes do not fit the row lengths, and missing ones", async () => {
  await withFolder((folder) => {
    const open = () => new TokenReader(folder, "train", 100);
    assertThrows(open, DataError, "train.lengths: wanted tokenised rows, found no such file");
    writeRows(folder);
    Deno.truncateSync(join(folder, "train.labels"), 8);
    assertThrows(open, DataError, "train.labels: wanted 9 bytes for the rows of");
    writeRows(folder);
    Deno.truncateSync(join(folder, "train.ids"), 40);
    assertThrows(open, DataError, "train.ids: wanted 36 bytes");
    writeRows(folder);
    Deno.writeFileSync(join(folder, "train.lengths"), new Uint8Array(Uint32Array.of(3, 0xffffffff, 5).buffer));
    assertThrows(open, DataError, "train.ids: wanted 17179869212 bytes");
    Deno.writeFileSync(join(folder, "train.lengths"), new Uint8Array(Uint32Array.of(3, 0, 6).buffer));
    assertThrows(open, DataError, "row 1: wanted at least one token");
    Deno.truncateSync(join(folder, "train.lengths"), 7);
    assertThrows(open, DataError, "wanted row lengths of 4 bytes each, found 7 bytes");
  });
});

Deno.test("TokenWriter refuses a row without ids or with another number of labels", async () => {
  await withFolder((folder) => {
    using writer = new TokenWriter(folder, "train");
    assertThrows(() => writer.append({ ids: new Uint32Array(), labelled: new Uint8Array() }), RangeError);
    assertThrows(() => writer.append({ ids: Uint32Array.of(1, 2), labelled: Uint8Array.of(1) }), RangeError);
  });
});
