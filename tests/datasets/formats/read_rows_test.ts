import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { DataError } from "../../../datasets/errors.ts";
import { readRows, type Row } from "../../../datasets/formats/read_rows.ts";
import { testWithData, withFolder, write } from "../testing.ts";

async function collect(path: string): Promise<Row[]> {
  const rows: Row[] = [];
  for await (const row of readRows(path)) rows.push(row);
  return rows;
}

/** Reads a file of this content; the message's path is cut down to `FILE`. */
async function failure(content: string | Uint8Array): Promise<string> {
  let message = "";
  await withFolder(async (folder) => {
    const path = write(folder, "rows.json", content);
    const error = await assertRejects(() => collect(path), DataError);
    assert(error.userFacing);
    message = error.message.replace(path, "FILE");
  });
  return message;
}

async function valuesOf(content: string | Uint8Array): Promise<Row[]> {
  let rows: Row[] = [];
  await withFolder(async (folder) => {
    rows = await collect(write(folder, "rows.json", content));
  });
  return rows;
}

Deno.test("readRows() tells an array from JSON Lines by the first byte and gives the line of each row", async () => {
  assertEquals(await valuesOf('[\n  {"a": 1},\n  {"a":\n 2} , {"a":3}\n]\n'), [
    { value: { a: 1 }, line: 2 },
    { value: { a: 2 }, line: 3 },
    { value: { a: 3 }, line: 4 },
  ]);
  assertEquals(await valuesOf('{"a": 1}\n\n{"a": 2}'), [{ value: { a: 1 }, line: 1 }, { value: { a: 2 }, line: 3 }]);
});

Deno.test("readRows() accepts a byte order mark, CRLF, leading blank lines and an empty array", async () => {
  assertEquals(await valuesOf('\ufeff{"a": 1}\r\n\r\n{"a": 2}\r\n'), [
    { value: { a: 1 }, line: 1 },
    { value: { a: 2 }, line: 3 },
  ]);
  assertEquals(await valuesOf('\ufeff\r\n [\r\n{"a": 1}\r\n]'), [{ value: { a: 1 }, line: 3 }]);
  assertEquals(await valuesOf("[ ]"), []);
});

Deno.test("readRows() is not misled by brackets, quotes and backslashes in strings", async () => {
  const rows = [{ a: '}],"\\' }, { b: ['\\"', { c: "[{" }], d: "\\\\" }, { "汉字": "\u{1f600}\u2028" }];
  assertEquals((await valuesOf(JSON.stringify(rows))).map((row) => row.value), rows);
});

Deno.test("readRows() joins rows that span the pieces of a file", async () => {
  // Lengths around the piece size move its border through every part of a row, also through a character's bytes.
  for (const pad of [1048540, 1048555, 1048562, 1048566, 1048567, 1048571, 1048572, 1048576]) {
    const rows = [{ t: "x".repeat(pad) }, { t: '界\\"界' }, { t: "末" }];
    assertEquals((await valuesOf(JSON.stringify(rows))).map((row) => row.value), rows);
    assertEquals((await valuesOf(rows.map((row) => JSON.stringify(row)).join("\n"))).map((row) => row.value), rows);
  }
});

Deno.test("readRows() treats __proto__ as a field and keeps lone surrogates for later repair", async () => {
  const [row] = await valuesOf('{"__proto__": {"polluted": 1}, "a": "\\ud800"}');
  assertEquals(Object.keys(row!.value as object), ["__proto__", "a"]);
  assertEquals(({} as { polluted?: number }).polluted, undefined);
  assertEquals((row!.value as { a: string }).a, "\ud800");
});

Deno.test("readRows() names file and line of malformed JSON Lines", async () => {
  assertEquals(
    await failure('{"a": 1}\n{"a": 1,}\n'),
    "FILE:2:9: malformed JSON: Expected double-quoted property name",
  );
  assertStringIncludes(await failure('{"a": 1}\n{"a": NaN}\n'), "FILE:2: malformed JSON: Unexpected token 'N'");
  assertEquals(
    await failure('{"a": 1}\n{"a": "cut sho'),
    "FILE:2: malformed JSON: the file ends inside this row: it is cut short",
  );
  assertStringIncludes(await failure('{"a": 1}{"a": 2}\n'), "FILE:1:9: malformed JSON: Unexpected non-whitespace");
});

Deno.test("readRows() says what is accepted when one object is spread over several lines", async () => {
  assertEquals(
    await failure('{\n  "a": 1\n}\n'),
    "FILE:1: malformed JSON: the row does not end on its line. " +
      "Accepted are a JSON array of objects, or JSON Lines (one object a line)",
  );
});

Deno.test("readRows() checks commas, the closing bracket and what follows an array", async () => {
  assertStringIncludes(await failure('[{"a": 1}\n{"a": 2}]'), "FILE:2: malformed JSON: wanted `,` or `]` after a row");
  assertStringIncludes(await failure('[{"a": 1},\n]'), "FILE:2: wanted a row, which is an object `{…}`, found ]");
  assertStringIncludes(await failure("[,]"), "FILE:1: wanted a row");
  assertStringIncludes(
    await failure('[{"a": 1},\n null]'),
    "FILE:2: wanted a row, which is an object `{…}`, found null]",
  );
  assertStringIncludes(await failure('[{"a": 1}]\n[]'), "FILE:2: wanted nothing after the array's `]`, found []");
  assertStringIncludes(await failure('[\n{"a": 1]}\n]'), "FILE:2");
  assertStringIncludes(await failure('[\n\n{"a": 1,\n"b": x}]'), "FILE:3: malformed JSON: Unexpected token 'x'");
  assertStringIncludes(await failure('[\n\n{"a": 1,\n"b" 2}]'), "FILE:4:5: malformed JSON: Expected ':'");
});

Deno.test("readRows() refuses an array that is cut short at any byte", async () => {
  const whole = new TextEncoder().encode('[\n{"a": ["x", "\\""]},\n{"b": {"界": 2}}\n]');
  for (let length = 1; length < whole.length; length++) {
    const message = await failure(whole.subarray(0, length));
    assert(/^FILE:\d+: malformed JSON: (the array is not closed|the file ends inside the row)/.test(message), message);
  }
});

Deno.test("readRows() refuses a missing, empty, blank, binary or UTF-16 file and a folder", async () => {
  assertEquals(await failure(""), "FILE: wanted rows, found an empty file");
  assertEquals(await failure(" \n\n"), "FILE: wanted rows, found a file of blanks only");
  assertStringIncludes(
    await failure(Uint8Array.of(0x1f, 0x8b, 8, 0)),
    "wanted a whole gzip file, found a torn or damaged one",
  );
  assertStringIncludes(await failure(Uint8Array.of(0xff, 0xfe, 0x7b, 0)), "found UTF-16");
  assertStringIncludes(await failure("instruction,output\n"), "found a file that begins with `i`");
  await withFolder(async (folder) => {
    await assertRejects(() => collect(folder), DataError, "found a folder");
    await assertRejects(() => collect(`${folder}/absent.json`), DataError, "found no such file");
  });
});

Deno.test("readRows() names the line of bytes that are not UTF-8", async () => {
  const bad = (text: string) => new TextEncoder().encode(text).map((byte) => byte === 0x23 ? 0xe7 : byte);
  const found = "wanted UTF-8 text, found bytes that are not valid UTF-8";
  assertEquals(await failure(bad('{"a": "好"}\n{"a": "#"}\n{"a": 1}\n')), `FILE:2: ${found}`);
  assertEquals(await failure(bad('[{"a": "好"},\n\n{"a": "#"}]')), `FILE:3: ${found}`);
});

Deno.test("readRows() bounds memory when a quote is never closed", async () => {
  await withFolder(async (folder) => {
    const path = write(folder, "open.json", '[\n{"a": "');
    // A sparse tail: zeroes, all inside the open string.
    Deno.truncateSync(path, 200 << 20);
    const error = await assertRejects(() => collect(path), DataError);
    assertEquals(
      error.message.replace(path, "FILE"),
      "FILE:2: wanted a row of at most 64 MiB, found a longer one; is a quote or a bracket left open?",
    );
  });
});

testWithData(
  "readRows() reads BELLE's seed tasks, which are JSON Lines in a .json file",
  "belle/zh_seed_tasks.json",
  async (path) => {
    const rows = await collect(path);
    assertEquals(rows.length, 175);
    assertEquals(rows.at(-1)!.line, 175);
  },
);

for (const [file, count] of [["alpaca_zh_00000_03252.json", 3247], ["alpaca_zh_03252_06382.json", 2982]] as const) {
  testWithData(`readRows() gives what JSON.parse() gives for ${file}`, `alpaca-chinese/${file}`, async (path) => {
    const rows = await collect(path);
    assertEquals(rows.length, count);
    assertEquals(rows.map((row) => row.value), JSON.parse(Deno.readTextFileSync(path)));
    assertStringIncludes(Deno.readTextFileSync(path).split("\n")[rows.at(-1)!.line - 1]!, "{");
  });
}
