import { closestString } from "@std/text/closest-string";
import { DataError } from "../errors.ts";
import { FORMAT_NAMES, type FormatName, isFormatName } from "./formats.ts";

/** A source of rows as the user names it. */
export interface SourceSpec {
  /** Declared format; absent if it is to be detected from the first rows. */
  readonly format?: FormatName;
  /** Path of the file, or a data set of the hub. */
  readonly path: string;
  /** Whether `path` names a data set of the Hugging Face hub, `owner/name`. */
  readonly hub?: true;
  /** How often each row is taken on average; absent for once. */
  readonly weight?: number;
}

/** Begins the name of a data set of the hub. */
const HUB = "hub";

/** Copies of a row that nobody needs more than. */
const MOST_COPIES = 1000;

/**
 * Parses `[FORMAT:]PATH[*WEIGHT]`, such as `belle:belle.json*0.5`, where `hub:` in front of the path makes it a data set of
 * the hub (`belle:hub:owner/name*0.5`). A single letter before the colon is a Windows drive (`C:\rows.json`); a path that
 * has a colon of its own is written with a folder in front (`./a:b.json`).
 *
 * @throws {DataError} for an unknown prefix (with the nearest known one), an empty path, a wrong weight, or a web address.
 */
export function parseSourceSpec(spec: string): SourceSpec {
  const weighted = /^(.*)\*([\d.]+)$/s.exec(spec);
  if (weighted === null) return parsePath(spec);
  const weight = Number(weighted[2]);
  checkWeight(weight, `data source "${spec}"`);
  return { ...parsePath(weighted[1]!), weight };
}

/**
 * Checks how often each row of a source is to be taken.
 *
 * @throws {DataError} unless it is above 0 and not absurd.
 */
export function checkWeight(weight: number, what: string): void {
  if (weight > 0 && weight <= MOST_COPIES) return;
  throw new DataError(`${what}: wanted a weight above 0 and up to ${MOST_COPIES}, found ${weight}`);
}

function parsePath(spec: string): SourceSpec {
  const parts = /^([^:/\\]+):(.*)$/s.exec(spec);
  if (parts === null || /^[A-Za-z]$/.test(parts[1]!)) return { path: checkPath(spec, spec) };
  const prefix = parts[1]!;
  const rest = parts[2]!;
  if (rest.startsWith("//")) {
    throw new DataError(`data source "${spec}": wanted a file, found a web address; download it and name the file`);
  }
  const format = prefix.trim().toLowerCase();
  if (isFormatName(format)) return { format, ...placeOf(rest, spec) };
  if (prefix === HUB) return placeOf(spec, spec);
  const known = [...FORMAT_NAMES, HUB].map((name) => `${name}:`).join(", ");
  const nearest = closestString(format, FORMAT_NAMES);
  // Names that begin differently are no misspelling, only another format.
  const hint = nearest[0] === format[0] ? `Did you mean ${nearest}:${rest}? ` : "";
  throw new DataError(
    `data source "${spec}": wanted one of ${known} or a plain path, found "${prefix}:". ` +
      `${hint}If the file's name has a colon, write ./${spec}`,
  );
}

function placeOf(path: string, spec: string): Pick<SourceSpec, "path" | "hub"> {
  if (!path.startsWith(`${HUB}:`)) return { path: checkPath(path, spec) };
  return { path: checkPath(path.slice(HUB.length + 1), spec), hub: true };
}

function checkPath(path: string, spec: string): string {
  if (path.trim() === "") throw new DataError(`data source "${spec}": wanted [format:]PATH, found no path`);
  return path;
}
