import { basename } from "@std/path";
import type { FormatName } from "../../datasets/formats.ts";
import { checkWeight, parseSourceSpec } from "../../datasets/source_spec.ts";
import { inputFile, type Ref } from "../core/mod.ts";
import { expectHubName, huggingFaceData } from "./hugging_face.ts";
import { rowsFile } from "./kinds.ts";

/** A file of rows, ready to be merged. */
export type RowsRef = Ref<typeof rowsFile>;

/** How rows of a file are taken. */
export interface RowsOptions {
  /** How often each row is taken on average: 0.5 for every other one, chosen by the seed, 2 for each twice. */
  readonly weight?: number;
}

/**
 * A file of rows named as on the command line, `[FORMAT:]PATH[*WEIGHT]`, such as `belle:belle.json*0.5`. Without a format
 * it is told from the first rows. A PATH `hub:owner/name[:FILE][@REVISION]` is a data set of the Hugging Face hub.
 *
 * @throws {DataError} for an unknown format, an empty path, a wrong weight or a web address.
 */
export function rows(spec: string): RowsRef {
  const { format, path, weight, hub } = parseSourceSpec(spec);
  if (hub) {
    const { name, ...wanted } = expectHubName(path, `data source "${spec}"`);
    return huggingFaceData(name, { ...wanted, ...(format && { format }), ...(weight !== undefined && { weight }) });
  }
  return source(path, format ?? "auto", weight === undefined ? {} : { weight });
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

/** A file of Chinese-Vicuna's chat rows, `{input: [questions], output: [answers]}`. */
export function chat(path: string | URL, options: RowsOptions = {}): RowsRef {
  return source(path, "chat", options);
}

/** Only the file's own name goes into the data, so that a moved folder gives the same data. */
function source(path: string | URL, format: FormatName | "auto", { weight }: RowsOptions): RowsRef {
  if (weight !== undefined) checkWeight(weight, `weight of ${path}`);
  const name = path instanceof URL ? decodeURIComponent(path.pathname) : path;
  return inputFile(rowsFile, path, {
    format,
    name: basename(name),
    ...(weight === undefined || weight === 1 ? {} : { weight }),
  });
}
