import type { LlamaConfig } from "./formats/config.ts";
import { FormatError } from "./formats/error.ts";
import type { ModelWeights } from "./formats/weights.ts";

const EMBEDDING = "model.embed_tokens.weight", HEAD = "lm_head.weight";
/** Rows that are compared at once. */
const stretchRows = 1024;

/**
 * Checks that a model whose configuration says that its head is its embedding has no other head in its files: which of the
 * two was meant, its publisher alone knows.
 *
 * @throws {FormatError} when the files have a head that differs
 */
export async function checkTiedHead(weights: ModelWeights, config: LlamaConfig): Promise<void> {
  if (!config.tiedEmbeddings || !weights.has(HEAD)) return;
  const shape = [config.vocabularySize, config.hiddenSize];
  let same = weights.shape(HEAD).join() === shape.join();
  for (let begin = 0; same && begin < config.vocabularySize; begin += stretchRows) {
    const end = Math.min(begin + stretchRows, config.vocabularySize);
    const [one, other] = [
      await weights.readFloat32(EMBEDDING, begin, end),
      await weights.readFloat32(HEAD, begin, end),
    ];
    same = one.every((value, i) => Object.is(value, other[i]));
  }
  if (same) return;
  throw new FormatError(
    `${weights.files()[0]}: tensor "${HEAD}" differs from "${EMBEDDING}", but config.json says that both are one ` +
      `(tie_word_embeddings); wanted one of: tie_word_embeddings false, to use the head, or no "${HEAD}"`,
  );
}
