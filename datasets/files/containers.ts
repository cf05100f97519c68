// Forms in which rows are handed round and that are not read, by their first bytes: each is named, with what to do.
import { DataError } from "../errors.ts";

/** Beginnings of files; a text stands for its characters. */
const CONTAINERS: readonly (readonly [start: string | readonly number[], name: string, advice: string])[] = [
  [[0x28, 0xb5, 0x2f, 0xfd], "Zstandard", "unpack it first: zstd -d FILE"],
  [[0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00], "xz", "unpack it first: xz -d FILE"],
  ["BZh", "bzip2", "unpack it first: bzip2 -d FILE"],
  ["PK\x03\x04", "a zip archive (or a spreadsheet)", "unpack it first and name the file in it"],
  [[0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c], "a 7z archive", "unpack it first and name the file in it"],
  [[0x04, 0x22, 0x4d, 0x18], "LZ4", "unpack it first: lz4 -d FILE"],
  ["ARROW1", "Arrow", "save it as Parquet or JSON Lines first (datasets: to_parquet, to_json)"],
  [
    [0xff, 0xff, 0xff, 0xff],
    "an Arrow stream",
    "save it as Parquet or JSON Lines first (datasets: to_parquet, to_json)",
  ],
  ["SQLite format 3", "an SQLite database", "write its rows as JSON Lines first"],
  [[0x89, 0x48, 0x44, 0x46], "HDF5", "write its rows as JSON Lines first"],
  ["Obj\x01", "Avro", "write its rows as JSON Lines first"],
  ["ORC", "ORC", "save it as Parquet or JSON Lines first"],
  ["version https://git-lfs", "a git-lfs pointer, not the file itself", "fetch it: git lfs pull"],
  ["<!DOCTYPE", "a web page", "it may be an answer of a server in place of the file: download it again"],
  ["<html", "a web page", "it may be an answer of a server in place of the file: download it again"],
];

/** @throws {DataError} when bytes begin as a container does that is not read, naming it */
export function refuseContainer(path: string, start: Uint8Array): void {
  for (const [beginning, name, advice] of CONTAINERS) {
    const bytes = typeof beginning === "string" ? new TextEncoder().encode(beginning) : beginning;
    if (![...bytes].every((byte, at) => start[at] === byte)) continue;
    throw new DataError(`${path}: wanted rows, found ${name}, which is not read; ${advice}`);
  }
}

/** What to say of a text that is a table: undefined when its first line does not look like the head of one. */
export function tableAdvice(start: Uint8Array): string | undefined {
  const [line = ""] = new TextDecoder().decode(start.subarray(0, 4096)).split(/\r?\n/);
  if (/^[\[{]/.test(line.trim())) return undefined;
  const form = line.includes("\t") ? "TSV" : /^[^,]+(,[^,]+)+$/.test(line) ? "CSV" : undefined;
  return form &&
    `${form} is not read; write its rows as JSON Lines first ` +
      `(python: pandas.read_csv(FILE${form === "TSV" ? ', sep="\\t"' : ""}).to_json("rows.jsonl", orient="records", ` +
      "lines=True, force_ascii=False))";
}
