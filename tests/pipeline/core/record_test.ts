import { assertEquals, assertNotEquals } from "@std/assert";
import { contentDigest, keyOf, type KeyRecord } from "../../../pipeline/core/record.ts";

const RECORD: KeyRecord = {
  format: 1,
  stage: "tokenize",
  code: { version: 3 },
  params: { maxTokens: 256, template: "中文", rates: [0.1, 1e21, 3e-4], nested: { b: true, a: null } },
  inputs: { data: "ab".repeat(32), sources: ["cd".repeat(32)] },
};

Deno.test("keyOf() gives the golden key: a change of it throws every user's cache away", () => {
  assertEquals(keyOf(RECORD), "2b43789ba3fae41a9a0c6886b66a2321379726f08e51e4cfd324d34f6b8eea2b");
});

Deno.test("contentDigest() gives the golden digest", () => {
  const files = [{ path: "b.txt", size: 1, sha256: "00" }, { path: "a/é.txt", size: 2, sha256: "11" }];
  assertEquals(
    contentDigest(files, { rows: 3 }),
    "6291be4fac2560ed02ea94be1318fe99c4ddf5e0e54dbe6e14fd51230650cfd9",
  );
});

Deno.test("keyOf() does not depend on the order of properties", () => {
  const shuffled: KeyRecord = {
    inputs: { sources: ["cd".repeat(32)], data: "ab".repeat(32) },
    params: { nested: { a: null, b: true }, rates: [0.1, 1e21, 3e-4], template: "中文", maxTokens: 256 },
    code: { version: 3 },
    stage: "tokenize",
    format: 1,
  };
  assertEquals(keyOf(shuffled), keyOf(RECORD));
});

Deno.test("keyOf() depends on every field of the record", () => {
  const variants: KeyRecord[] = [
    { ...RECORD, stage: "merge" },
    { ...RECORD, code: { version: 4 } },
    { ...RECORD, code: { files: { "a.ts": "00" }, packages: [] } },
    { ...RECORD, params: { ...RECORD.params, maxTokens: 257 } },
    { ...RECORD, params: { ...RECORD.params, rates: [1e21, 0.1, 3e-4] } },
    { ...RECORD, inputs: { ...RECORD.inputs, data: "ac".repeat(32) } },
    { ...RECORD, inputs: { ...RECORD.inputs, sources: [] } },
  ];
  const keys = new Set([RECORD, ...variants].map(keyOf));
  assertEquals(keys.size, variants.length + 1);
});

Deno.test("contentDigest() ignores the order of files and heeds names, contents and meta", () => {
  const a = { path: "a", size: 1, sha256: "00" };
  const b = { path: "b", size: 1, sha256: "11" };
  assertEquals(contentDigest([a, b], {}), contentDigest([b, a], {}));
  assertNotEquals(contentDigest([a, b], {}), contentDigest([a], {}));
  assertNotEquals(contentDigest([a], {}), contentDigest([{ ...a, path: "c" }], {}));
  assertNotEquals(contentDigest([a], {}), contentDigest([{ ...a, sha256: "22" }], {}));
  assertNotEquals(contentDigest([a], {}), contentDigest([a], { rows: 1 }));
});
