import type { Question, RawExample } from "../example.ts";

/** A part of a text as a template writes it. */
export type Segment = TextSegment | ControlSegment;

/** Plain text: whatever looks like a control token in it is only text. */
export interface TextSegment {
  readonly text: string;
  /** Whether it is part of an answer. */
  readonly answer: boolean;
}

/** A control token that the template itself writes, such as the end of a turn. */
export interface ControlSegment {
  readonly control: string;
  /** Whether it ends an answer. */
  readonly answer: boolean;
}

/** A way of writing an example as one text to learn from, or to go on from. */
export interface PromptTemplate {
  /** Whether bos stands before the text and eos behind it; if not, the template writes them itself. */
  readonly framed: boolean;
  /** All of an example, with its answers. */
  segments(example: RawExample): Segment[];
  /** What stands before the answer. */
  ask(question: Question): Segment[];
  /**
   * What is compared of an answer that a model trained with this template gives: the answer without what the template
   * itself writes before it, such as an empty block of thoughts. The answer as it is if absent.
   */
  bareAnswer?(answer: string): string;
}

/** Shorthand for text that is not learnt. */
export function asked(text: string): TextSegment {
  return { text, answer: false };
}

/** Shorthand for an answer. */
export function answered(text: string): TextSegment {
  return { text, answer: true };
}
