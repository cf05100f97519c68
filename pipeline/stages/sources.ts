import { basename } from "@std/path";
import type { Columns } from "../../datasets/formats/columns.ts";
import type { FormatName } from "../../datasets/formats/formats.ts";
import { checkWeight, parseSourceSpec } from "../../datasets/formats/source_spec.ts";
import { inputFile, inputFolder, type Ref } from "../core/mod.ts";
import { expectHubName, huggingFaceData } from "./hub/hugging_face.ts";
import { rowsFile } from "./kinds.ts";
import { severalFiles } from "./several_files.ts";

/** A file of rows, or several, ready to be merged. */
export type RowsRef = Ref<typeof rowsFile>;

/** How rows of a file are taken. */
export interface RowsOptions {
  /** How often each row is taken on average: 0.5 for every other one, chosen by the seed, 2 for each twice. */
  readonly weight?: number;
  /** Names of its columns that differ from those of the fields: `{ instruction: "prompt", output: "response" }`. */
  readonly columns?: Columns;
}

/**
 * Rows named as on the command line, `[FORMAT:]PATH[*WEIGHT]`, such as `belle:belle.json*0.5`. Without a format it is told
 * from the first rows, and each row is read by its own. A PATH may be a folder, whose files of rows are taken (.json,
 * .jsonl, .parquet, each of them gzipped or not), or a pattern (`data/*.jsonl`, `data/**` + `/*.json`). A PATH
 * `hub:owner/name[:FILE][@REVISION]` is a data set of the Hugging Face hub.
 *
 * @throws {DataError} for an unknown format, an empty path, a wrong weight or a web address.
 */
export function rows(spec: string): RowsRef;
/** The same, of columns with other names. */
export function rows(spec: string, options: Pick<RowsOptions, "columns">): RowsRef;
export function rows(spec: string, { columns = {} }: Pick<RowsOptions, "columns"> = {}): RowsRef {
  const { format, path, weight, hub } = parseSourceSpec(spec);
  const options = { ...(weight !== undefined && { weight }), ...(Object.keys(columns).length > 0 && { columns }) };
  if (hub) {
    const { name, ...wanted } = expectHubName(path, `data source "${spec}"`);
    return huggingFaceData(name, { ...wanted, ...(format && { format }), ...options });
  }
  return source(path, format ?? "auto", options);
}

/** A file of alpaca's rows, `{instruction, input, output}`, with `system` and `history` if there are any. */
export function alpaca(path: string | URL, options: RowsOptions = {}): RowsRef {
  return source(path, "alpaca", options);
}

/** A file of BELLE's rows, early or late, single or multi-turn, or of its seed tasks. */
export function belle(path: string | URL, options: RowsOptions = {}): RowsRef {
  return source(path, "belle", options);
}

/** A file of Guanaco's rows. */
export function guanaco(path: string | URL, options: RowsOptions = {}): RowsRef {
  return source(path, "guanaco", options);
}

/** A file of ShareGPT's rows, `{conversations: [{from, value}]}`. */
export function sharegpt(path: string | URL, options: RowsOptions = {}): RowsRef {
  return source(path, "sharegpt", options);
}

/** A file of OpenAI's rows, `{messages: [{role, content}]}`. */
export function messages(path: string | URL, options: RowsOptions = {}): RowsRef {
  return source(path, "messages", options);
}

/** A file of LCCC's dialogues, lists of turns whose words are parted by spaces. */
export function lccc(path: string | URL, options: RowsOptions = {}): RowsRef {
  return source(path, "lccc", options);
}

/** A file of Chinese-Vicuna's chat rows, `{input: [questions], output: [answers]}`. */
export function chat(path: string | URL, options: RowsOptions = {}): RowsRef {
  return source(path, "chat", options);
}

/** Only the file's own name goes into the data, so that a moved folder gives the same data. */
function source(path: string | URL, format: FormatName | "auto", { weight, columns }: RowsOptions): RowsRef {
  if (weight !== undefined) checkWeight(weight, `weight of ${path}`);
  const name = path instanceof URL ? decodeURIComponent(path.pathname) : path;
  const several = path instanceof URL ? undefined : severalFiles(path);
  const meta = {
    format,
    name: basename(several?.folder ?? name),
    ...(weight === undefined || weight === 1 ? {} : { weight }),
    ...(columns === undefined ? {} : { columns }),
  };
  if (several === undefined) return inputFile(rowsFile, path, meta);
  return inputFolder(rowsFile, several.folder, { include: several.include, enter: several.enter, meta });
}
