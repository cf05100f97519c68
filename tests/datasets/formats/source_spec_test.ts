import { assertEquals, assertThrows } from "@std/assert";
import { DataError } from "../../../datasets/errors.ts";
import { parseSourceSpec } from "../../../datasets/formats/source_spec.ts";

Deno.test("parseSourceSpec() splits a known format from the path and otherwise takes a path", () => {
  assertEquals(parseSourceSpec("belle:data/belle.json"), { format: "belle", path: "data/belle.json" });
  assertEquals(parseSourceSpec("guanaco:/data/g.json"), { format: "guanaco", path: "/data/g.json" });
  assertEquals(parseSourceSpec("Alpaca:a:b.json"), { format: "alpaca", path: "a:b.json" });
  assertEquals(parseSourceSpec("rows.json"), { path: "rows.json" });
  assertEquals(parseSourceSpec("./a:b.json"), { path: "./a:b.json" });
});

Deno.test("parseSourceSpec() takes a single letter before a colon for a Windows drive", () => {
  assertEquals(parseSourceSpec("C:\\data\\rows.json"), { path: "C:\\data\\rows.json" });
  assertEquals(parseSourceSpec("belle:C:\\rows.json"), { format: "belle", path: "C:\\rows.json" });
});

Deno.test("parseSourceSpec() suggests the format that a misspelt prefix may mean", () => {
  const message = (spec: string) => assertThrows(() => parseSourceSpec(spec), DataError).message;
  assertEquals(
    message("bele:rows.json"),
    'data source "bele:rows.json": wanted one of alpaca:, belle:, guanaco:, sharegpt:, messages:, chat:, lccc:, hub: or ' +
      'a plain path, found "bele:". ' +
      "Did you mean belle:rows.json? If the file's name has a colon, write ./bele:rows.json",
  );
  assertEquals(
    message("orca:rows.json"),
    'data source "orca:rows.json": wanted one of alpaca:, belle:, guanaco:, sharegpt:, messages:, chat:, lccc:, hub: or ' +
      'a plain path, found "orca:". ' +
      "If the file's name has a colon, write ./orca:rows.json",
  );
  assertEquals(parseSourceSpec("sharegpt:rows.json"), { format: "sharegpt", path: "rows.json" });
});

Deno.test("parseSourceSpec() takes a weight behind a star", () => {
  assertEquals(parseSourceSpec("belle:a.json*0.5"), { format: "belle", path: "a.json", weight: 0.5 });
  assertEquals(parseSourceSpec("a*b.json*2"), { path: "a*b.json", weight: 2 });
  for (const spec of ["a.json*0", "a.json*1.2.3", "a.json*100000"]) {
    assertThrows(() => parseSourceSpec(spec), DataError, "wanted a weight above 0 and up to 1000, found");
  }
});

Deno.test("parseSourceSpec() refuses an empty path and a web address", () => {
  assertThrows(() => parseSourceSpec("belle:"), DataError, "wanted [format:]PATH, found no path");
  assertThrows(() => parseSourceSpec(""), DataError, "found no path");
  assertThrows(() => parseSourceSpec("https://example.org/rows.json"), DataError, "found a web address");
});

Deno.test("parseSourceSpec() takes hub: for a data set of the hub, with a format and a weight", () => {
  assertEquals(parseSourceSpec("hub:owner/name"), { path: "owner/name", hub: true });
  assertEquals(parseSourceSpec("belle:hub:owner/name:a.json@v2*0.5"), {
    format: "belle",
    path: "owner/name:a.json@v2",
    hub: true,
    weight: 0.5,
  });
  assertEquals(parseSourceSpec("./hub:owner/name"), { path: "./hub:owner/name" });
  assertThrows(() => parseSourceSpec("hub:"), DataError, "found no path");
});
