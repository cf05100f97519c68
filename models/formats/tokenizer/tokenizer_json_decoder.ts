import { z } from "zod";
import { FormatError } from "../error.ts";

/** How the pieces of a tokenizer.json are written. */
export interface PieceStyle {
  /** Each character of a piece stands for one byte (GPT-2, LLaMA 3). Otherwise "▁" stands for a space. */
  readonly byteLevel: boolean;
  /** Pieces like `<0x0A>` stand for one byte. */
  readonly byteFallback: boolean;
  /** One space at the very start of a text is not part of it. */
  readonly stripsLeadingSpace: boolean;
}

const Step = z.discriminatedUnion("type", [
  z.looseObject({
    type: z.literal("Replace"),
    pattern: z.strictObject({ String: z.literal("▁") }),
    content: z.literal(" "),
  }),
  z.looseObject({ type: z.literal("ByteFallback") }),
  z.looseObject({ type: z.literal("Fuse") }),
  z.looseObject({
    type: z.literal("Strip"),
    content: z.literal(" "),
    start: z.number().int().min(0).max(1),
    stop: z.literal(0),
  }),
  z.looseObject({
    type: z.literal("Metaspace"),
    replacement: z.literal("▁"),
    add_prefix_space: z.boolean().nullish(),
    prepend_scheme: z.enum(["always", "first", "never"]).nullish(),
  }),
  z.looseObject({ type: z.literal("ByteLevel") }),
]);
type Step = z.infer<typeof Step>;

/**
 * Reads the `decoder` of a tokenizer.json.
 *
 * @param path the file, for messages
 * @throws {FormatError} when there is none, or its steps are not those of LLaMA tokenizers
 */
export function parseDecoder(decoder: unknown, path: string): PieceStyle {
  const sequence = z.looseObject({ type: z.literal("Sequence"), decoders: z.array(z.unknown()) }).safeParse(decoder);
  const parsed = z.array(Step).min(1).safeParse(sequence.success ? sequence.data.decoders : [decoder]);
  if (!parsed.success) {
    throw new FormatError(`${path}: the decoder is not one of a LLaMA tokenizer: ${z.prettifyError(parsed.error)}`);
  }
  const steps = parsed.data;
  const has = (type: Step["type"]) => steps.some((step) => step.type === type);
  if (!has("ByteLevel") && !has("Metaspace") && !has("Replace")) {
    throw new FormatError(`${path}: the decoder has no step ByteLevel, Metaspace or Replace`);
  }
  if (has("Strip") && !has("Fuse")) {
    throw new FormatError(`${path}: the decoder has Strip without Fuse, which would join all words`);
  }
  return {
    byteLevel: has("ByteLevel"),
    byteFallback: has("ByteFallback"),
    stripsLeadingSpace: steps.some(stripsLeadingSpace),
  };
}

function stripsLeadingSpace(step: Step): boolean {
  if (step.type === "Strip") return step.start === 1;
  if (step.type !== "Metaspace") return false;
  return step.prepend_scheme ? step.prepend_scheme !== "never" : step.add_prefix_space !== false;
}
