import { join } from "@std/path";
import { writeInt8Model } from "../../models/export/int8_model.ts";
import { defineStage, type Stage, z } from "../core/mod.ts";
import { modelFiles } from "./kinds.ts";
import { tokenizerFiles } from "./tokens/tokenizer_of.ts";

const params = z.object({
  name: z.string().min(1).describe("name of the model"),
});

/** Params of {@link int8Model}. */
export type Int8ModelParams = z.input<typeof params>;

/**
 * Writes a small model folder anew with int8 matrices, a quarter of float32's size, as a model folder that {@link modelFolder}
 * and transformers read (compressed-tensors' "int-quantized").
 */
export const int8Model: Stage<{ readonly model: typeof modelFiles }, Int8ModelParams, typeof modelFiles> = defineStage({
  name: "int8_model",
  version: 2,
  inputs: { model: modelFiles },
  params,
  output: modelFiles,
  async run({ inputs: { model }, params, output }) {
    await writeInt8Model(model.dir, output.dir);
    for (const path of tokenizerFiles(model.files)) await Deno.copyFile(join(model.dir, path), join(output.dir, path));
    return { ...model.meta, ...params };
  },
});
