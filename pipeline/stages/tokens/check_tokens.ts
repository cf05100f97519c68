import type { LlamaConfig } from "../../../models/formats/config.ts";
import { sequenceLimit } from "../../../models/sequence_limit.ts";
import { PipelineError } from "../../core/mod.ts";
import type { BaseMeta, TokensMeta } from "../kinds.ts";

/**
 * Checks that tokenised rows fit a model.
 *
 * @throws {PipelineError} for ids outside its vocabulary, or rows longer than its positions
 */
export function checkTokens(
  base: Pick<BaseMeta, "name" | "vocabularySize"> & { readonly config: LlamaConfig },
  tokens: TokensMeta,
): void {
  if (tokens.vocabSize > base.vocabularySize) {
    throw new PipelineError(
      `${base.name} has a vocabulary of ${base.vocabularySize} ids, but the rows were tokenised with ${tokens.vocabSize}: ` +
        "take the tokenizer of this model",
    );
  }
  const { tokens: most, reason, strict } = sequenceLimit(base.config);
  const longest = strict ? tokens.maxTokens : Math.max(tokens.train.longest, tokens.validation.longest);
  if (longest > most) {
    const found = strict ? `maxTokens is ${longest}` : `the longest row has ${longest} tokens`;
    throw new PipelineError(`${base.name} has ${reason}, but ${found}: lower maxTokens to ${most}`);
  }
}
