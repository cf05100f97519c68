import { basename, join } from "@std/path";
import { type Adapter, type AdapterForm, readAdapter, writeAdapter } from "../formats/adapter/adapter.ts";
import type { LlamaConfig } from "../formats/config.ts";
import type { FloatDtype } from "../formats/dtype.ts";
import { FormatError } from "../formats/error.ts";
import { folderNames } from "../formats/weight_forms.ts";
import { openWeights } from "../formats/weights.ts";
import { readModelConfig, withModelFolder } from "../model_source.ts";
import { checkTiedHead } from "../tied_head.ts";
import { loadTokenizer, type Tokenizer } from "../tokenizer/tokenizer.ts";
import { writeGgufModel } from "./gguf.ts";
import { writeGgufLora } from "./gguf_lora.ts";
import { writeHuggingFaceModel } from "./hugging_face.ts";
import { MergedWeights } from "./merged_weights.ts";

/** What a model or an adapter can be exported to. */
export const EXPORT_FORMATS = ["hf", "gguf", "gguf-lora", "peft"] as const;

/** One of {@linkcode EXPORT_FORMATS}. */
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

/** Element types of exported weights, by the names that llama.cpp has for them. */
export const EXPORT_TYPES = ["f16", "f32", "bf16", "q8_0"] as const;

/** One of {@linkcode EXPORT_TYPES}. */
export type ExportType = (typeof EXPORT_TYPES)[number];

const DTYPES: Readonly<Record<Exclude<ExportType, "q8_0">, FloatDtype>> = { f16: "F16", f32: "F32", bf16: "BF16" };

/** What to export, and how. */
export interface ExportRequest {
  readonly to: ExportFormat;
  /** The base model as its publisher gives it, a folder or a .gguf file; its floats are used, not an int8 base. */
  readonly model?: string | undefined;
  /** Folder of the adapter. */
  readonly adapter?: string | undefined;
  /** For hf and gguf. */
  readonly type: ExportType;
  /** For peft. */
  readonly form: AdapterForm;
  /** For hf: largest file of weights, in bytes. */
  readonly maxShardBytes: number;
  /** For hf: whether a file of the model's folder may be copied; all, when left out. */
  readonly mayRead?: ((name: string) => boolean) | undefined;
  /** Name of the model, for GGUF. */
  readonly name?: string | undefined;
  /** For hf and gguf: the ids that end an answer, the tokenizer's end token first; that alone when left out. */
  readonly endsOf?: ((config: LlamaConfig, tokenizer: Tokenizer) => readonly number[]) | undefined;
}

/** What a request lacks; undefined when it is whole. */
export function faultOfExport({ to, model, adapter, type }: ExportRequest): string | undefined {
  if (to !== "peft" && model === undefined) return `exporting to ${to} wants a base model`;
  if ((to === "peft" || to === "gguf-lora") && adapter === undefined) return `exporting to ${to} wants an adapter`;
  if (to === "hf" && type === "q8_0") return "exporting to hf wants the type f16, bf16 or f32, found q8_0";
  return undefined;
}

/** The name of the one file that a request gives, or undefined when it gives a folder of files. */
export function exportedFile({ to, type }: Pick<ExportRequest, "to" | "type">): string | undefined {
  if (to === "gguf") return `model-${type}.gguf`;
  return to === "gguf-lora" ? "adapter.gguf" : undefined;
}

/**
 * Exports a model, an adapter, or both merged, into an empty folder. Weights are streamed: memory holds the adapter and
 * a stretch of one tensor.
 *
 * @param onProgress gets bytes of weights written and bytes in all
 * @throws {FormatError} when the request is not whole, files are not valid or do not fit one another
 */
export async function exportModel(
  request: ExportRequest,
  directory: string,
  onProgress?: (done: number, total: number) => void,
): Promise<void> {
  const fault = faultOfExport(request);
  if (fault !== undefined) throw new FormatError(fault);
  const { to, model, adapter: adapterFolder } = request;
  const base = model === undefined || to === "peft" ? undefined : await readModelConfig(model);
  const adapter = adapterFolder === undefined ? undefined : await readAdapter(adapterFolder, base);
  const path = join(directory, exportedFile(request) ?? "");
  if (to === "peft" && adapter !== undefined) await writeAdapter(directory, adapter, request.form);
  else if (to === "gguf-lora" && adapter !== undefined && model !== undefined) {
    await writeGgufLora(adapter, await readModelConfig(model), path, nameOf(request, adapterFolder), onProgress);
  } else if (model !== undefined) {
    await withModelFolder(model, directory, (folder, own) => {
      // What is not the model's own was made of files that could be read.
      const mayRead = own ? request.mayRead : undefined;
      return exportMerged({ ...request, mayRead }, { model, folder, adapter }, path, onProgress);
    });
  }
}

async function exportMerged(
  request: ExportRequest,
  { model, folder, adapter }: {
    readonly model: string;
    /** Has the model's tokenizer and other files. */
    readonly folder: string;
    readonly adapter: Adapter | undefined;
  },
  path: string,
  onProgress?: (done: number, total: number) => void,
): Promise<void> {
  const { type, maxShardBytes, mayRead } = request;
  using weights = await openWeights(model);
  const config = await readModelConfig(model);
  await checkTiedHead(weights, config);
  const merged = new MergedWeights(weights, config, adapter);
  if (request.to === "gguf") {
    const options = { type: type === "q8_0" ? "Q8_0" : DTYPES[type], name: nameOf(request, model) } as const;
    using tokenizer = await loadTokenizer(folder);
    const endIds = request.endsOf?.(config, tokenizer) ?? [];
    await writeGgufModel(folder, merged, path, { ...options, tokenizer, endIds }, onProgress);
  } else if (type !== "q8_0") {
    const endIds = await endsIn(folder, config, request);
    await writeHuggingFaceModel(
      folder,
      merged,
      path,
      { dtype: DTYPES[type], maxShardBytes, mayRead, endIds },
      onProgress,
    );
  }
}

/** The ends that a folder's tokenizer has; none for a folder without one, which is exported all the same. */
async function endsIn(folder: string, config: LlamaConfig, { endsOf }: ExportRequest): Promise<readonly number[]> {
  const names = await folderNames(folder);
  if (endsOf === undefined || !names.some((name) => /^tokenizer\.(json|model)$/.test(name))) return [];
  using tokenizer = await loadTokenizer(folder);
  return endsOf(config, tokenizer);
}

function nameOf({ name }: ExportRequest, folder: string | undefined): string {
  return name ?? basename(folder ?? "", ".gguf");
}
