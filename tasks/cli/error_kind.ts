import type { DataError } from "../../datasets/errors.ts";
import type { DeviceErrorKind } from "../../kernels/machine/device_error.ts";
import type { FormatErrorKind } from "../../models/formats/error.ts";
import type { MemoryError } from "../../models/training/memory_plan.ts";
import { type PipelineErrorKind, WrongFolderError } from "../../pipeline/core/errors.ts";

/** The sorts of errors that a sentence in the user's language explains; the library's own words follow. */
export type ErrorKind =
  | DeviceErrorKind
  | FormatErrorKind
  | (DataError | MemoryError)["kind"]
  | PipelineErrorKind
  | "missing"
  | "exists";

const KINDS: Readonly<Record<ErrorKind, true>> = {
  missing: true,
  notModel: true,
  noAdapter: true,
  otherBase: true,
  format: true,
  data: true,
  validation: true,
  network: true,
  offline: true,
  busy: true,
  drift: true,
  wiring: true,
  options: true,
  exists: true,
  noDevice: true,
  deviceChoice: true,
  memory: true,
  lost: true,
  device: true,
};

/** What a folder that has nothing of a kind of input is not. */
const WRONG_FOLDERS: Readonly<Record<string, ErrorKind>> = { model: "notModel", adapter: "noAdapter" };

/** The sort of an error of the library; undefined for any other. */
export function kindOfError(error: Error): ErrorKind | undefined {
  if (error.cause instanceof Deno.errors.NotFound) return "missing";
  if (error instanceof WrongFolderError) return WRONG_FOLDERS[error.inputKind];
  return "kind" in error && isErrorKind(error.kind) ? error.kind : undefined;
}

function isErrorKind(kind: unknown): kind is ErrorKind {
  return typeof kind === "string" && Object.hasOwn(KINDS, kind);
}
