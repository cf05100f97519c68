import { assertEquals, assertThrows } from "@std/assert";
import { DataError } from "../../../datasets/errors.ts";
import { buildMicroBatch, packRows } from "../../../datasets/tokens/packing.ts";

Deno.test("packRows() fills micro-batches in order with whole rows within the budget", () => {
  const lengths = [4, 3, 3, 10, 1, 6];
  assertEquals(packRows(lengths, [0, 1, 2, 3, 4, 5], 10), [[0, 1, 2], [3], [4, 5]]);
  assertEquals(packRows(lengths, Uint32Array.of(3, 0, 5, 4), 11), [[3], [0, 5, 4]]);
  assertEquals(packRows(lengths, [], 10), []);
});

Deno.test("packRows() refuses a row longer than the budget, saying what to change", () => {
  assertThrows(
    () => packRows([4, 11], [0, 1], 10),
    DataError,
    "wanted rows of at most 10 tokens (microBatchSize × maxTokens), found row 1 with 11; raise microBatchSize",
  );
});

Deno.test("buildMicroBatch() restarts positions and starts at each row and labels the token before each target", () => {
  const batch = buildMicroBatch([
    { ids: Uint32Array.of(1, 10, 11, 2), labelled: Uint8Array.of(0, 0, 1, 1) },
    { ids: Uint32Array.of(1, 20, 21, 22, 2), labelled: Uint8Array.of(0, 1, 0, 1, 0) },
  ]);
  assertEquals(batch, {
    ids: Uint32Array.of(1, 10, 11, 2, 1, 20, 21, 22, 2),
    positions: Uint32Array.of(0, 1, 2, 3, 0, 1, 2, 3, 4),
    starts: Uint32Array.of(0, 0, 0, 0, 4, 4, 4, 4, 4),
    labels: Int32Array.of(-1, 11, 2, -1, 20, -1, 22, -1, -1),
    labelledCount: 4,
    tokenCount: 9,
    rows: 2,
  });
});

Deno.test("buildMicroBatch() gives the last token of a row no label, even if the next row begins with a labelled one", () => {
  const row = { ids: Uint32Array.of(7), labelled: Uint8Array.of(1) };
  assertEquals(buildMicroBatch([row, row]).labels, Int32Array.of(-1, -1));
});
