import { join } from "@std/path";
import { writeBase } from "../../models/base_file.ts";
import { readConfig } from "../../models/formats/config.ts";
import { FormatError } from "../../models/formats/error.ts";
import { llamaTensors } from "../../models/formats/llama_tensors.ts";
import { openWeights } from "../../models/formats/weights.ts";
import { loadTokenizer } from "../../models/tokenizer.ts";
import { defineStage, type Stage, z } from "../core/mod.ts";
import { base, modelFiles } from "./kinds.ts";
import { tokenizerFiles } from "./tokenizer_of.ts";

const params = z.object({
  bits: z.literal([4, 8, 32]).default(8).describe(
    "bits of a base weight: 4, 8, or 32 to leave them as they are",
  ),
});

/** Params of {@link quantize}. */
export interface QuantizeParams {
  /** Bits of a base weight: 4, 8 (the default), or 32 to leave them as they are. */
  readonly bits?: 4 | 8 | 32;
}

/**
 * Rewrites a model folder's weights as the kernels read them: blocks of int8 with a scale a row (or of 4 bits), streamed tensor by tensor.
 * Checks that every tensor is there with its shape and that the tokenizer fits.
 */
export const quantize: Stage<{ readonly model: typeof modelFiles }, QuantizeParams, typeof base> = defineStage({
  name: "quantize",
  version: 2,
  inputs: { model: modelFiles },
  params,
  output: base,
  async foresee({ inputs: { model }, params }) {
    const config = model.meta.config ?? (model.path === undefined ? undefined : await readConfig(model.path));
    return {
      meta: {
        ...(model.meta.name !== undefined && { name: model.meta.name }),
        bits: params.bits,
        ...(config && { config }),
      },
    };
  },
  async run({ inputs, params, output, progress, signal }) {
    const { dir, files, meta } = inputs.model;
    const config = await readConfig(dir);
    using tokenizer = await loadTokenizer(dir);
    if (tokenizer.vocabularySize > config.vocabularySize) {
      throw new FormatError(
        `cannot quantise ${meta.name}: its tokenizer has ${tokenizer.vocabularySize} ids, ` +
          `but config.json gives the weights ${config.vocabularySize} rows (vocab_size)`,
      );
    }
    using weights = await openWeights(dir);
    await writeBase(weights, config, params.bits, output.dir, (done, total) => {
      signal.throwIfAborted();
      progress({ done, total, unit: "bytes" });
    });
    await Deno.copyFile(join(dir, "config.json"), join(output.dir, "config.json"));
    await Deno.mkdir(join(output.dir, "tokenizer"));
    for (const path of tokenizerFiles(files)) {
      await Deno.copyFile(join(dir, path), join(output.dir, "tokenizer", path));
    }
    return {
      name: meta.name,
      config,
      bits: params.bits,
      parameters: llamaTensors(config).reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0),
      vocabularySize: config.vocabularySize,
      maxPositions: config.maxPositions,
      tokenizer: { vocabSize: tokenizer.vocabularySize },
    };
  },
});
