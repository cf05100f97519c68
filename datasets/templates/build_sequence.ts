import type { RawExample } from "../example.ts";
import type { Segment } from "./segments.ts";
import type { PromptTemplate, Question } from "./templates.ts";

/** What is needed of a tokenizer. It treats its text as plain text: `</s>` in a row is four characters. */
export interface SequenceTokenizer {
  /** The first `limit` ids of a text, without special ids. */
  encode(text: string, limit: number): ArrayLike<number>;
  /** How ids spell texts; undefined where that is not known to be exact. */
  readonly spelling?: {
    /** Bytes that ids stand for before those of the text. */
    readonly lead: number;
    /** Bytes that an id stands for. */
    bytesOf(id: number): number;
    /** Bytes that the ids of a text stand for, without the lead. */
    bytesIn(text: string): number;
  } | undefined;
  /** Ids of control tokens by their text. */
  readonly controls: ReadonlyMap<string, number>;
  /** What the tokenizer puts before a text: the begin id, or nothing. */
  readonly startIds: readonly number[];
  /** Id that ends an answer. */
  readonly eosId: number;
}

/** What is learnt: every answer of a conversation, the last one, or everything. */
export type TrainOn = "answers" | "last" | "all";

/** All choices of what is learnt. */
export const TRAIN_ON: readonly TrainOn[] = ["answers", "last", "all"];

/** Settings of {@link buildSequence}. */
export interface SequenceOptions {
  readonly tokenizer: SequenceTokenizer;
  readonly template: PromptTemplate;
  /** Longest sequence, with bos and eos. */
  readonly maxTokens: number;
  readonly trainOn: TrainOn;
}

/** An example as ids to learn from. */
export interface Sequence {
  readonly kind: "sequence";
  /** bos, prompt, answer, eos; at most `maxTokens` of them. */
  readonly ids: Uint32Array<ArrayBuffer>;
  /** One byte an id: 1 where the id is to be predicted from those before it, 0 where it is only read. */
  readonly labelled: Uint8Array<ArrayBuffer>;
  /** Whether the end was cut off. */
  readonly truncated: boolean;
}

/** An example of which no answer is left within `maxTokens`. */
export interface DroppedSequence {
  readonly kind: "dropped";
  readonly reason: "no label";
}

/**
 * Tokenises one example. Prompt and answers are encoded as one text, as they will stand together (but for control tokens
 * of the template between them); ids beyond `maxTokens` are cut, so that a row that fits keeps its eos and a longer one
 * loses it. An id is a label if any of its bytes belongs to an answer that is learnt: so is one that spans a seam. The
 * first id has nothing before it to be predicted from and is never a label.
 */
export function buildSequence(example: RawExample, options: SequenceOptions): Sequence | DroppedSequence {
  const { tokenizer, template, maxTokens, trainOn } = options;
  const segments = template.segments(example);
  const last = segments.findLastIndex((segment, at) => segment.answer && segments[at - 1]?.answer !== true);
  const learnt = segments.map(({ answer }, at) =>
    trainOn === "all" || (answer && (trainOn === "answers" || at >= last))
  );
  const row = new RowBuilder(maxTokens);
  if (template.framed) { for (const id of tokenizer.startIds) row.add(id, false); }
  addSegments(row, segments, learnt, tokenizer);
  if (template.framed) row.add(tokenizer.eosId, learnt.at(-1) ?? false);
  return row.finish(trainOn === "all");
}

/** The ids that a prompt begins a sequence with. */
export function promptIds(question: Question, template: PromptTemplate, tokenizer: SequenceTokenizer): number[] {
  const segments = template.ask(question);
  const row = new RowBuilder(Infinity);
  if (template.framed) { for (const id of tokenizer.startIds) row.add(id, false); }
  addSegments(row, segments, segments.map(() => false), tokenizer);
  return row.ids;
}

/** Collects the ids of a row up to a limit. */
class RowBuilder {
  readonly ids: number[] = [];
  readonly #labelled: number[] = [];
  readonly #limit: number;
  #truncated = false;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** How many ids there is room for. */
  get room(): number {
    return this.#limit - this.ids.length;
  }

  add(id: number, label: boolean): void {
    if (this.room > 0) {
      this.ids.push(id);
      this.#labelled.push(label ? 1 : 0);
    } else {
      this.#truncated = true;
    }
  }

  finish(isAllLearnt: boolean): Sequence | DroppedSequence {
    const labelled = Uint8Array.from(this.#labelled);
    if (isAllLearnt) labelled.fill(1);
    labelled[0] = 0;
    if (!labelled.includes(1)) return { kind: "dropped", reason: "no label" };
    return { kind: "sequence", ids: Uint32Array.from(this.ids), labelled, truncated: this.#truncated };
  }
}

function addSegments(
  row: RowBuilder,
  segments: readonly Segment[],
  learnt: readonly boolean[],
  tokenizer: SequenceTokenizer,
): void {
  for (let at = 0; at < segments.length;) {
    const segment = segments[at]!;
    if ("control" in segment) {
      row.add(controlId(segment.control, tokenizer), learnt[at]!);
      at++;
      continue;
    }
    const run: { text: string; learnt: boolean }[] = [];
    for (; at < segments.length; at++) {
      const next = segments[at]!;
      if ("control" in next) break;
      run.push({ text: next.text, learnt: learnt[at]! });
    }
    addText(row, run, tokenizer);
  }
}

function controlId(control: string, { controls }: SequenceTokenizer): number {
  const id = controls.get(control);
  if (id === undefined) throw new RangeError(`control token "${control}": wanted one of the tokenizer's, found no id`);
  return id;
}

/** Texts that follow each other without a control token between them. */
function addText(
  row: RowBuilder,
  parts: readonly { text: string; learnt: boolean }[],
  tokenizer: SequenceTokenizer,
): void {
  const text = parts.map((part) => part.text).join("");
  // One more than there is room for tells whether anything is cut off.
  const ids = tokenizer.encode(text, row.room + 1);
  const labelled = tokenizer.spelling === undefined
    ? labelledByPrefix(ids, parts, tokenizer)
    : labelledBySpelling(ids, parts, tokenizer.spelling);
  for (let at = 0; at < ids.length; at++) row.add(ids[at]!, labelled[at] === 1);
}

/** Counts bytes: an id is a label if one of its bytes is learnt. */
function labelledBySpelling(
  ids: ArrayLike<number>,
  parts: readonly { text: string; learnt: boolean }[],
  spelling: NonNullable<SequenceTokenizer["spelling"]>,
): Uint8Array {
  const labelled = new Uint8Array(ids.length);
  let at = 0;
  let end = spelling.lead;
  let position = 0;
  for (const { text, learnt } of parts) {
    end += spelling.bytesIn(text);
    for (; at < ids.length && position < end; at++) {
      position += spelling.bytesOf(ids[at]!);
      if (learnt) labelled[at] = 1;
    }
    // The id that goes on beyond this part belongs to the next one as well, so it is looked at again.
    if (position > end && at > 0) position -= spelling.bytesOf(ids[--at]!);
  }
  return labelled;
}

/** Encodes the text up to each seam: where ids stop agreeing with those of the whole, the seam lies. */
function labelledByPrefix(
  ids: ArrayLike<number>,
  parts: readonly { text: string; learnt: boolean }[],
  tokenizer: SequenceTokenizer,
): Uint8Array {
  const labelled = new Uint8Array(ids.length);
  let before = "";
  let start = 0;
  for (const [index, { text, learnt }] of parts.entries()) {
    before += text;
    const prefix = index === parts.length - 1 ? ids : tokenizer.encode(before, ids.length + 1);
    const agreed = commonPrefix(prefix, ids);
    const spans = agreed < prefix.length;
    if (learnt) labelled.fill(1, start, spans ? agreed + 1 : agreed);
    start = agreed;
  }
  return labelled;
}

function commonPrefix(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const length = Math.min(a.length, b.length);
  let at = 0;
  while (at < length && a[at] === b[at]) at++;
  return at;
}
