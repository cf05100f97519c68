import type { LlamaConfig } from "../../../models/formats/config.ts";
import { sequenceLimit } from "../../../models/sequence_limit.ts";
import { PipelineError } from "../../core/mod.ts";
import type { BaseMeta, TokensMeta } from "../kinds.ts";

/**
 * Checks that tokenised rows fit a model, as far as is known of either: a plan knows less than a run.
 *
 * @throws {PipelineError} for ids outside its vocabulary, or rows longer than its positions
 */
export function checkTokens(
  { name = "the model", vocabularySize = Infinity, config }:
    & Partial<Pick<BaseMeta, "name" | "vocabularySize">>
    & { readonly config?: LlamaConfig },
  { vocabSize = 0, maxTokens = 0, train, validation }: Partial<TokensMeta>,
): void {
  if (vocabSize > vocabularySize) {
    throw new PipelineError(
      `${name} has a vocabulary of ${vocabularySize} ids, but the rows were tokenised with ${vocabSize}: ` +
        "take the tokenizer of this model",
    );
  }
  if (config === undefined) return;
  const { tokens: most, reason, strict } = sequenceLimit(config);
  const longest = strict ? maxTokens : Math.max(train?.longest ?? 0, validation?.longest ?? 0);
  if (longest > most) {
    const found = strict ? `maxTokens is ${longest}` : `the longest row has ${longest} tokens`;
    throw new PipelineError(`${name} has ${reason}, but ${found}: lower maxTokens to ${most}`);
  }
}
