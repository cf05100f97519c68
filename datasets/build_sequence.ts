import type { PromptTemplate } from "./templates.ts";

/** What is needed of a tokenizer. It treats its text as plain text: `</s>` in a row is four characters. */
export interface SequenceTokenizer {
  /** Ids of a text, without special ids. */
  encode(text: string): ArrayLike<number>;
  /** Id that starts a sequence. */
  readonly bosId: number;
  /** Id that ends an answer. */
  readonly eosId: number;
}

/** Settings of {@link buildSequence}. */
export interface SequenceOptions {
  readonly tokenizer: SequenceTokenizer;
  readonly template: PromptTemplate;
  /** Longest sequence, with bos and eos. */
  readonly maxTokens: number;
  /** Whether the prompt is learnt as well as the answer. */
  readonly trainOnInputs: boolean;
}

/** An example as ids to learn from. */
export interface Sequence {
  readonly kind: "sequence";
  /** bos, prompt, answer, eos; at most `maxTokens` of them. */
  readonly ids: Uint32Array<ArrayBuffer>;
  /** Index of the first id that is predicted; all ids from here on are. At least 1, less than the number of ids. */
  readonly labelStart: number;
  /** Whether the end was cut off. */
  readonly truncated: boolean;
}

/** An example of which no answer is left within `maxTokens`. */
export interface DroppedSequence {
  readonly kind: "dropped";
  readonly reason: "no label";
}

/**
 * Tokenises one example. Prompt and answer are encoded as one text, as they will stand together; ids beyond `maxTokens`
 * are cut, so that a row that fits keeps its eos and a longer one loses it.
 *
 * With `trainOnInputs` false, labels begin where the ids stop agreeing with those of the prompt alone: a token that
 * spans the seam between prompt and answer is a label. With true, everything after the first id is one.
 */
export function buildSequence(
  example: { readonly instruction: string; readonly input: string; readonly output: string },
  { tokenizer, template, maxTokens, trainOnInputs }: SequenceOptions,
): Sequence | DroppedSequence {
  const prompt = template.prompt(example);
  const body = tokenizer.encode(prompt + example.output);
  const wanted = body.length + 2;
  const ids = new Uint32Array(Math.min(wanted, maxTokens));
  ids[0] = tokenizer.bosId;
  for (let at = 1; at < ids.length; at++) ids[at] = body[at - 1] ?? tokenizer.eosId;
  // bos has nothing before it to be predicted from, so labels begin at 1 or later.
  const labelStart = trainOnInputs ? 1 : 1 + commonPrefix(tokenizer.encode(prompt), body);
  if (labelStart >= ids.length) return { kind: "dropped", reason: "no label" };
  return { kind: "sequence", ids, labelStart, truncated: wanted > maxTokens };
}

/** One byte an id: 1 where the id is predicted, 0 where it is only read. */
export function labelMask({ ids, labelStart }: Sequence): Uint8Array<ArrayBuffer> {
  return new Uint8Array(ids.length).fill(1, labelStart);
}

function commonPrefix(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const length = Math.min(a.length, b.length);
  let at = 0;
  while (at < length && a[at] === b[at]) at++;
  return at;
}
