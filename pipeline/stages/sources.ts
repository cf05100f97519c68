import { basename } from "@std/path";
import { embeddedSampleUrl, type SampleName } from "../../datasets/embedded/samples.ts";
import type { FormatName } from "../../datasets/formats.ts";
import { parseSourceSpec } from "../../datasets/source_spec.ts";
import { inputFile, type Ref } from "../core/mod.ts";
import { rowsFile } from "./kinds.ts";

/** A file of rows, ready to be merged. */
export type RowsRef = Ref<typeof rowsFile>;

/**
 * A file of rows named as on the command line, `[alpaca:|belle:|guanaco:]PATH`. Without a prefix the format is told
 * from the first rows.
 *
 * @throws {DataError} for an unknown prefix, an empty path or a web address.
 */
export function rows(spec: string): RowsRef {
  const { format, path } = parseSourceSpec(spec);
  return source(path, format ?? "auto");
}

/** A file of alpaca's rows, `{instruction, input, output}`. */
export function alpaca(path: string | URL): RowsRef {
  return source(path, "alpaca");
}

/** A file of BELLE's rows, early or late, single or multi-turn, or of its seed tasks. */
export function belle(path: string | URL): RowsRef {
  return source(path, "belle");
}

/** A file of Guanaco's rows. */
export function guanaco(path: string | URL): RowsRef {
  return source(path, "guanaco");
}

/** The rows that come with this project, in BELLE's or in Guanaco's form, Chinese and English. */
export function embeddedSamples(name: SampleName): RowsRef {
  return inputFile(rowsFile, embeddedSampleUrl(name), { format: name, name: `embedded ${name}` });
}

/** Only the file's own name goes into the data, so that a moved folder gives the same data. */
function source(path: string | URL, format: FormatName | "auto"): RowsRef {
  const name = path instanceof URL ? decodeURIComponent(path.pathname) : path;
  return inputFile(rowsFile, path, { format, name: basename(name) });
}
