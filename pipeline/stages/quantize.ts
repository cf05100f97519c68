import { join } from "@std/path";
import { writeBase } from "../../models/base_file.ts";
import { configRecord } from "../../models/formats/config_record.ts";
import { FormatError } from "../../models/formats/error.ts";
import { llamaTensors } from "../../models/formats/llama_tensors.ts";
import { openWeights } from "../../models/formats/weights.ts";
import { readModelConfig, writeModelConfig, writeModelTokenizer } from "../../models/model_source.ts";
import { checkTiedHead } from "../../models/tied_head.ts";
import { loadTokenizer } from "../../models/tokenizer/tokenizer.ts";
import { defineStage, type Stage, z } from "../core/mod.ts";
import { base, modelFiles } from "./kinds.ts";
import { modelPath } from "./models.ts";

/** How a base is stored. */
export const quantizeOptions = {
  bits: z.literal([4, 8, 32]).default(8).describe("bits of a base weight: 4, 8, or 32 to leave them as they are"),
};

const params = z.object(quantizeOptions);

/** Params of {@link quantize}. */
export type QuantizeParams = z.input<typeof params>;

/**
 * Rewrites a model folder's weights as the kernels read them: blocks of int8 with a scale a row (or of 4 bits), streamed tensor by tensor.
 * Checks that every tensor is there with its shape and that the tokenizer fits.
 */
export const quantize: Stage<{ readonly model: typeof modelFiles }, QuantizeParams, typeof base> = defineStage({
  name: "quantize",
  version: 4,
  inputs: { model: modelFiles },
  params,
  output: base,
  async foresee({ inputs: { model }, params }) {
    const config = model.meta.config ??
      (model.path === undefined ? undefined : configRecord(await readModelConfig(modelPath(model.path, model.meta))));
    return {
      meta: {
        ...(model.meta.name !== undefined && { name: model.meta.name }),
        bits: params.bits,
        ...(config && { config }),
      },
    };
  },
  async run({ inputs, params, output, progress, signal }) {
    const { meta } = inputs.model;
    const path = modelPath(inputs.model.dir, meta);
    const config = await readModelConfig(path);
    const tokenizerDir = join(output.dir, "tokenizer");
    await Deno.mkdir(tokenizerDir);
    using tokenizer = await loadTokenizer(await writeModelTokenizer(path, tokenizerDir));
    if (tokenizer.vocabularySize > config.vocabularySize) {
      throw new FormatError(
        `cannot quantise ${meta.name}: its tokenizer has ${tokenizer.vocabularySize} ids, ` +
          `but the weights have ${config.vocabularySize} rows (vocab_size)`,
      );
    }
    using weights = await openWeights(path);
    await checkTiedHead(weights, config);
    await writeBase(weights, config, params.bits, output.dir, (done, total) => {
      signal.throwIfAborted();
      progress({ done, total, unit: "bytes" });
    });
    await writeModelConfig(path, output.dir);
    return {
      name: meta.name,
      config: configRecord(config),
      bits: params.bits,
      parameters: llamaTensors(config).reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0),
      vocabularySize: config.vocabularySize,
      maxPositions: config.maxPositions,
      tokenizer: { vocabSize: tokenizer.vocabularySize },
    };
  },
});
