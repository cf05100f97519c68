import { DataError } from "../../datasets/errors.ts";
import { DeviceChoiceError, DeviceError } from "../../kernels/device_error.ts";
import { AdapterFitError, FormatError } from "../../models/formats/error.ts";
import { MemoryError } from "../../models/memory_plan.ts";

/** The sorts of errors that a sentence in the user's language explains; the library's own words follow. */
export type ErrorKind =
  | "missing"
  | "notModel"
  | "noAdapter"
  | "otherBase"
  | "format"
  | "data"
  | "noDevice"
  | "deviceChoice"
  | "memory"
  | "lost"
  | "device";

/** The sort of an error of the library; undefined for any other. */
export function kindOfError(error: Error): ErrorKind | undefined {
  if (error instanceof MemoryError) return "memory";
  if (error instanceof DeviceChoiceError) return "deviceChoice";
  if (error instanceof DeviceError) {
    if (error.fault !== "other") return error.fault;
    return error.message.startsWith("no WebGPU adapter") ? "noDevice" : "device";
  }
  if (error.cause instanceof Deno.errors.NotFound) return "missing";
  if (error instanceof DataError) return "data";
  if (error instanceof AdapterFitError) return "otherBase";
  if (error instanceof FormatError) return kindOfFormatError(error.message);
  return error.message.endsWith("input model): the folder has none of the files wanted") ? "notModel" : undefined;
}

function kindOfFormatError(message: string): ErrorKind {
  if (message.includes("has no adapter")) return "noAdapter";
  return /is not a model folder|has no model weights|has no tokenizer/.test(message) ? "notModel" : "format";
}
