// Whatever a file of rows or of a model is, it is named with what to do. Places that look at the beginning of a file:
//   datasets/files/file_chunks.ts, containers.ts   rows (here); the form is told by the first bytes, never by the suffix
//   datasets/files/pieces.ts                       tables (here)
//   models/formats/plain_file.ts             git-lfs pointers in model folders (here)
//   models/formats/weight_forms.ts           GGUF in parts (tests/models/formats/gguf_parts_test.ts)
//   pipeline/stages/models.ts                an adapter in a base's place (here)
// Places that describe an unknown value: describeValue() of datasets/errors.ts (here); configurations and manifests come
// from JSON, so JSON.stringify describes them.
import { assert, assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { join } from "@std/path";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { DataError, describeValue } from "../../../datasets/errors.ts";
import { readRows } from "../../../datasets/formats/read_rows.ts";
import { readConfig } from "../../../models/formats/config.ts";
import { FormatError } from "../../../models/formats/error.ts";
import { openWeights } from "../../../models/formats/weights.ts";
import { PipelineError } from "../../../pipeline/core/mod.ts";
import { modelFolder } from "../../../pipeline/stages/models.ts";
import { withFolder, write } from "../testing.ts";

const row = '{"instruction":"a","input":"","output":"b"}\n';
const pointer =
  "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n";

Deno.test("rows in a container that is not read are refused with its name and what to do", () =>
  withFolder(async (folder) => {
    const cases: Record<string, readonly [Uint8Array | string, string]> = {
      zst: [new Uint8Array(zstdCompressSync(row)), "found Zstandard, which is not read; unpack it first: zstd -d"],
      xz: [new Uint8Array([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0, 0, 4]), "found xz, which is not read; unpack it first"],
      bz2: ["BZh91AY&SY", "found bzip2, which is not read; unpack it first"],
      zip: ["PK\x03\x04\x14", "found a zip archive (or a spreadsheet), which is not read"],
      "7z": [
        new Uint8Array([0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c, 0, 4]),
        "wanted rows, found a 7z archive, which is not read; unpack it first and name the file in it",
      ],
      lz4: [
        new Uint8Array([0x04, 0x22, 0x4d, 0x18, 0x64, 0x40]),
        "wanted rows, found LZ4, which is not read; unpack it first: lz4 -d FILE",
      ],
      arrow: ["ARROW1\0\0", "found Arrow, which is not read; save it as Parquet"],
      pointer: [pointer, "found a git-lfs pointer, not the file itself, which is not read; fetch it: git lfs pull"],
      page: ["<!DOCTYPE html><title>404</title>", "found a web page, which is not read"],
      csv: ["instruction,input,output\na,,b\n", "begins with `i`: CSV is not read; write its rows as JSON Lines first"],
      tsv: ["instruction\tinput\toutput\na\t\tb\n", "begins with `i`: TSV is not read"],
    };
    for (const [name, [content, wanted]] of Object.entries(cases)) {
      const path = write(folder, "rows.jsonl", content);
      const { message } = await assertRejects(() => Array.fromAsync(readRows(path)), DataError);
      assert(message.startsWith(path), message);
      assertStringIncludes(message, wanted, name);
    }
  }));

Deno.test("gzip of several members is read whole, as `cat a.gz b.gz` makes it", () =>
  withFolder(async (folder) => {
    const members = [row, row.replace("a", "c")].map((text) => new Uint8Array(gzipSync(text)));
    const path = write(folder, "rows.jsonl.gz", new Uint8Array(members.flatMap((member) => [...member])));
    assertEquals((await Array.fromAsync(readRows(path))).map(({ line }) => line), [1, 2]);
    const cut = write(folder, "cut.gz", new Uint8Array(members.flatMap((member) => [...member])).slice(0, -9));
    await assertRejects(() => Array.fromAsync(readRows(cut)), DataError, "a torn or damaged one");
  }));

Deno.test("describeValue() describes whatever Parquet may hold", () => {
  assertEquals(describeValue(12345678901234567890n), "a number (12345678901234567890)");
  assertEquals(describeValue(new Uint8Array(3)), "binary data (3 bytes)");
  assertEquals(describeValue(new Date(0)), "a time (1970-01-01T00:00:00.000Z)");
  assertEquals(describeValue(new Date(NaN)), "a time (none)");
  assertEquals(describeValue([1n]), "an array of 1");
  assertEquals(describeValue(Symbol("x")), "a symbol (Symbol(x))");
});

Deno.test("a model folder with pointers, or an adapter in its place, gets a sentence of its own", () =>
  withFolder(async (folder) => {
    write(folder, "config.json", pointer);
    write(folder, "model.safetensors", pointer);
    await assertRejects(() => readConfig(folder), FormatError, "config.json is a git-lfs pointer, not the file itself");
    await assertRejects(() => openWeights(folder), FormatError, "model.safetensors is a git-lfs pointer");
    const adapter = join(folder, "adapter");
    Deno.mkdirSync(adapter);
    write(adapter, "adapter_config.json", "{}");
    assertThrows(() => modelFolder(adapter), PipelineError, "it is an adapter. Give it as --lora-path");
  }));
