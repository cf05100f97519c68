// The true LLaMA tokenizer, in both of its file forms, from a development package that carries its pieces and merges.
import llama from "llama-tokenizer-js";
import { buildTokenizer } from "../../models/formats/tokenizer/tokenizer_builder.ts";
import { sentencePieceModel } from "./sample_tokenizers.ts";

/** LLaMA's tokenizer.json: 32,000 pieces, 61,249 merges. */
export function llamaTokenizerJson(): string {
  const record = JSON.parse(buildTokenizer([], 260));
  record.model.vocab = Object.fromEntries(llama.vocabById.map((piece, id) => [piece, id]));
  record.model.merges = [...llama.merges].sort(([, one], [, other]) => one - other).map(([merge]) => merge);
  return JSON.stringify(record);
}

/** LLaMA's tokenizer.model. */
export function llamaTokenizerModel(): Uint8Array<ArrayBuffer> {
  return sentencePieceModel(llamaTokenizerJson());
}
