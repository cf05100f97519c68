/**
 * The embedded instructions: questions on what the small base knows, each with the one right answer, in many phrasings. What
 * they are about (words, numbers, lists) is divided into facts to train on and facts held out; so are the phrasings.
 */

import { Dice } from "./dice.ts";
import {
  comparing,
  completing,
  type Fact,
  form,
  oddOneOut,
  pinyin,
  sorting,
  sums,
  toChinese,
  toEnglish,
} from "./facts.ts";
import type { Part } from "./held_out.ts";

/** An instruction with its answer. */
export interface Instruction {
  /** What is to be done: one of {@linkcode instructionKinds}. */
  readonly kind: string;
  /** What it is about, whatever the phrasing. */
  readonly subject: string;
  /** Exchanges before the question. */
  readonly history: readonly (readonly [question: string, answer: string])[];
  readonly question: string;
  readonly answer: string;
}

/**
 * What makes the facts of a kind, and how many instructions each part has of it: more to train on where the answer takes more
 * steps.
 */
const PLAN: readonly {
  kind: string;
  zh: string;
  facts: (part: Part, dice: Dice) => Iterable<Fact>;
  train: number;
  heldOut: number;
}[] = [
  { kind: "translate to English", zh: "译成英语", facts: toEnglish, train: 260, heldOut: 32 },
  { kind: "translate to Chinese", zh: "译成中文", facts: toChinese, train: 260, heldOut: 31 },
  { kind: "pinyin", zh: "拼音", facts: pinyin, train: 220, heldOut: 27 },
  { kind: "sum", zh: "求和", facts: sums, train: 200, heldOut: 23 },
  { kind: "compare", zh: "比较大小", facts: comparing, train: 240, heldOut: 15 },
  { kind: "sort", zh: "排序", facts: sorting, train: 200, heldOut: 15 },
  { kind: "odd one out", zh: "找出异类", facts: oddOneOut, train: 160, heldOut: 19 },
  { kind: "complete", zh: "补全", facts: completing, train: 220, heldOut: 19 },
  { kind: "given form", zh: "按格式回答", facts: form, train: 340, heldOut: 19 },
];

/** The kinds of instructions. */
export const instructionKinds: readonly string[] = PLAN.map(({ kind }) => kind);

/** What the kinds of instructions are called in Chinese. */
export const kindsInChinese: ReadonlyMap<string, string> = new Map(PLAN.map(({ kind, zh }) => [kind, zh]));

/** Of so many instructions with a short way to ask on, one is the second question of a conversation. */
const CONVERSATION_EVERY = 5;

/** All instructions of a part, in a mixed order, no question twice. Always the same ones. */
export function instructions(part: Part): Instruction[] {
  const dice = new Dice(part === "train" ? 1 : 2);
  const all = PLAN.flatMap(({ kind, facts, train, heldOut }) => {
    const questions = new Set<string>();
    const made: Instruction[] = [];
    for (const fact of facts(part, dice)) {
      const next = phrased(kind, fact, part, made.length, dice);
      const text = JSON.stringify([next.history, next.question]);
      if (questions.has(text)) continue;
      questions.add(text);
      made.push(next);
      if (made.length === (part === "train" ? train : heldOut)) break;
    }
    return made;
  });
  return dice.shuffled(all);
}

/** Half of the held-out instructions are in phrasings of the training rows, half in others. */
function phrased(kind: string, fact: Fact, part: Part, index: number, dice: Dice): Instruction {
  const { subject, phrasings, heldOutPhrasings, answer, before } = fact;
  if (before !== undefined && index % CONVERSATION_EVERY === 0) {
    return {
      kind,
      subject,
      history: [[before.question, before.answer]],
      question: dice.pick(before.followUps),
      answer,
    };
  }
  const isNew = part === "held-out" && index % 2 === 1;
  return { kind, subject, history: [], question: dice.pick(isNew ? heldOutPhrasings : phrasings), answer };
}
