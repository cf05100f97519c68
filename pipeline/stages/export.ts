import { ADAPTER_FORMS, type AdapterForm } from "../../models/formats/adapter.ts";
import {
  EXPORT_FORMATS,
  EXPORT_TYPES,
  type ExportFormat,
  exportModel as writeExport,
  type ExportType,
} from "../../models/export/export_model.ts";
import { defineStage, optional, type OptionalInput, type Stage, z } from "../core/mod.ts";
import { adapter, exported, modelFiles } from "./kinds.ts";
import { modelPath } from "./models.ts";
import { textEnds } from "./text_ends.ts";

const params = z.object({
  to: z.enum(EXPORT_FORMATS).describe("hf, gguf, gguf-lora or peft"),
  type: z.enum(EXPORT_TYPES).default("f16").describe("element type of the weights (hf, gguf)"),
  form: z.enum(ADAPTER_FORMS).default("safetensors").describe("file of the adapter's weights (peft)"),
  maxShardSize: z.number().positive().default(5).describe("largest file of weights in GB (hf)"),
});

/** Params of {@link exportModel}. */
export interface ExportParams {
  /** hf: a merged Hugging Face folder; gguf: the same for llama.cpp; gguf-lora, peft: the adapter alone. */
  readonly to: ExportFormat;
  /** Element type of the weights for hf and gguf; f16. */
  readonly type?: ExportType;
  /** File of the adapter's weights for peft; safetensors. */
  readonly form?: AdapterForm;
  /** Largest file of weights for hf, in GB; 5. */
  readonly maxShardSize?: number;
}

/**
 * Exports a model, an adapter, or both merged, for transformers, llama.cpp or PEFT. Merging adds the adapter to the
 * model's own floats, not to a quantised base. `deno task export` writes the same files without a copy in the cache.
 *
 * @example
 * ```ts
 * import { adapterFolder, exportModel, modelFolder } from "vicuna";
 *
 * const model = modelFolder("llama-7b-hf");
 * const file = exportModel({ model, adapter: adapterFolder("out"), to: "gguf", type: "q8_0" });
 * ```
 */
export const exportModel: Stage<
  { readonly model: OptionalInput<typeof modelFiles>; readonly adapter: OptionalInput<typeof adapter> },
  ExportParams,
  typeof exported
> = defineStage({
  name: "export",
  version: 2,
  inputs: { model: optional(modelFiles), adapter: optional(adapter) },
  params,
  output: exported,
  async run({ inputs: { model, adapter }, params, output, progress, signal }) {
    const { maxShardSize, ...rest } = params;
    const request = {
      ...rest,
      model: model && modelPath(model.dir, model.meta),
      adapter: adapter?.dir,
      name: model?.meta.name,
      maxShardBytes: maxShardSize * 1e9,
      endsOf: textEnds,
      mayRead: (name: string) => model?.files.some(({ path }) => path === name) ?? false,
    };
    await writeExport(request, output.dir, (done, total) => {
      signal.throwIfAborted();
      progress({ done, total, unit: "bytes" });
    });
    return { to: params.to };
  },
});
