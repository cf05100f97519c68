import { ADAPTER_FORMS } from "../../models/formats/adapter/adapter.ts";
import { EXPORT_FORMATS, EXPORT_TYPES, exportModel as writeExport } from "../../models/export/export_model.ts";
import { defineStage, optional, type OptionalInput, type Stage, z } from "../core/mod.ts";
import { adapter, exported, modelFiles } from "./kinds.ts";
import { modelPath } from "./models.ts";
import { textEnds } from "./tokens/text_ends.ts";

/** What an export writes. */
export const exportOptions = {
  to: z.enum(EXPORT_FORMATS).describe(
    "hf: a merged Hugging Face folder; gguf: the same as one file for llama.cpp, with the tokenizer; " +
      "gguf-lora: the adapter alone for llama.cpp; peft: the adapter alone for PEFT",
  ),
  type: z.enum(EXPORT_TYPES).default("f16").describe("element type of the weights (hf, gguf)").meta({
    aliases: ["outtype", "dtype"],
  }),
  form: z.enum(ADAPTER_FORMS).default("safetensors").describe(
    "adapter_model.safetensors, or adapter_model.bin for old versions of PEFT (peft)",
  ),
  maxShardSize: z.number().positive().default(5).describe("largest file of weights in GB (hf)"),
};

const params = z.object(exportOptions);

/** Params of {@link exportModel}. */
export type ExportParams = z.input<typeof params>;

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
  version: 3,
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
