import { templateEnds } from "../../../datasets/templates/chat_template.ts";
import type { Device } from "../../../kernels/gpu/device.ts";
import type { BaseWeights } from "../../../models/base_weights.ts";
import type { LlamaConfig } from "../../../models/formats/config.ts";
import { TextGenerator, type TextGeneratorOptions } from "../../../models/generation/text_generator.ts";
import type { Tokenizer } from "../../../models/tokenizer/tokenizer.ts";

/**
 * The ids that end an answer of a base: the tokenizer's end token, first, then those of generation_config.json and
 * config.json, and the token with which the chat template ends an answer. Training labels the tokenizer's or the
 * template's; whatever generates stops at any of them.
 */
export function textEnds(config: Pick<LlamaConfig, "eosIds" | "vocabularySize">, tokenizer: Tokenizer): number[] {
  const ofTemplate = templateEnds(tokenizer).flatMap((control) => tokenizer.controls.get(control) ?? []);
  const all = new Set([tokenizer.eosId, ...tokenizer.generation.eosIds, ...config.eosIds, ...ofTemplate]);
  return [...all].filter((id) => id < config.vocabularySize);
}

/** A text generator whose answers end where {@link textEnds} says. */
export function textGenerator(
  device: Device,
  base: BaseWeights,
  tokenizer: Tokenizer,
  options: TextGeneratorOptions = {},
): TextGenerator {
  return new TextGenerator(device, base, tokenizer, { ...options, endIds: textEnds(base.config, tokenizer) });
}
