// The folder datasets/embedded: lexicon and source, the text to pretrain on, the instructions, and what they hold out.
import { assert, assertEquals } from "@std/assert";
import { createHash } from "node:crypto";
import { join } from "@std/path";
import { Dice } from "../../datasets/embedded/dice.ts";
import {
  comparing,
  completing,
  form,
  oddOneOut,
  pinyin,
  sorting,
  sums,
  toChinese,
  toEnglish,
} from "../../datasets/embedded/facts.ts";
import { instructionRows, ROW_FORMS, type RowForm, taskItems } from "../../datasets/embedded/instruction_rows.ts";
import { type Instruction, instructionKinds, instructions } from "../../datasets/embedded/instructions.ts";
import { kinds, words, wordsOf } from "../../datasets/embedded/lexicon.ts";
import { chineseNumber, englishNumber } from "../../datasets/embedded/numerals.ts";
import { pretrainingText } from "../../datasets/embedded/pretraining_lines.ts";
import { mergeSources } from "../../datasets/merging/merge.ts";
import { readJsonLines, withFolder } from "./testing.ts";

/** Of the first 20,000 lines of seed 42, and of the rows: a change makes another base, or another quickstart. */
const TEXT_DIGEST = "4ca76374e538be6c3c34df94c505ab31ef8098ca894340e949170d55e1b1800b";
const ROW_DIGESTS = [
  "df0c1f27223dc04cc12783caf9ff0dc25daaa42a02ed7a4f351f24a68a7bef2f",
  "430261c1e4de48d5a75137de7b682c16827254e3ff7c2df9dc422b85f2c6f17d",
];

const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");
const take = <T>(count: number, source: Iterable<T>): T[] => {
  const taken: T[] = [];
  for (const item of source) if (taken.push(item) === count) break;
  return taken;
};

Deno.test("the lexicon has several hundred words, each with one translation both ways", () => {
  assert(words.length > 400 && words.length < 1500, `${words.length}`);
  for (const field of ["chinese", "english"] as const) {
    assertEquals(new Set(words.map((word) => word[field])).size, words.length, field);
  }
  for (const kind of kinds.keys()) assert(wordsOf(kind).length >= 10, kind);
});

Deno.test("numerals are written as people do", () => {
  assertEquals([0, 7, 10, 14, 20, 99].map(chineseNumber), ["零", "七", "十", "十四", "二十", "九十九"]);
  assertEquals([0, 12, 30, 41].map(englishNumber), ["zero", "twelve", "thirty", "forty one"]);
});

Deno.test("Dice give the same for the same seed, and every value of a range", () => {
  const rolls = (seed: number) => {
    const dice = new Dice(seed);
    return Array.from({ length: 200 }, () => dice.between(1, 6));
  };
  assertEquals(rolls(3), rolls(3));
  assertEquals(new Set(rolls(3)), new Set([1, 2, 3, 4, 5, 6]));
  assertEquals(new Dice(1).shuffled([1, 2, 3, 4]).toSorted(), [1, 2, 3, 4]);
});

Deno.test("the text for pretraining is always the same, and states without asking or answering", () => {
  const lines = take(20_000, pretrainingText(42));
  assertEquals(sha256(lines.join("\n")), TEXT_DIGEST);
  for (const line of lines) assert(!/[?？]|###|Translate|翻译成|多少|什么/u.test(line), line);
  assertEquals(take(50, pretrainingText(42)), lines.slice(0, 50));
  assert(take(50, pretrainingText(43)).join() !== lines.slice(0, 50).join());
});

Deno.test("the text for pretraining holds every word in both directions and right sums", () => {
  const lines = take(60_000, pretrainingText(1));
  const text = `\n${lines.join("\n")}\n`;
  for (const { chinese, english, pinyin } of words) {
    for (const fact of [`${chinese}${english}`, `${english}${chinese}`, `${chinese}${pinyin}`]) {
      assert(text.split(fact).length > 10, fact);
    }
  }
  const found = lines.flatMap((line) => [...line.matchAll(/(\d+)\s?\+\s?(\d+)\s?=\s?(\d+)/g)]);
  assert(found.length > 1000);
  for (const [sum, a, b, c] of found) assertEquals(Number(a) + Number(b), Number(c), sum);
});

Deno.test("the embedded samples are at least 1,500 rows, no question twice, Chinese and English, conversations among them", () => {
  const all = instructions("train");
  assert(all.length >= 1500, `${all.length}`);
  assertEquals(new Set(all.map(({ history, question }) => JSON.stringify([history, question]))).size, all.length);
  assert(all.filter(({ history }) => history.length > 0).length > 100);
  const english = all.filter(({ question }) => /^[A-Z][a-z]/.test(question)).length;
  assert(english > all.length / 4 && english < all.length * 3 / 4, `${english} of ${all.length}`);
  for (const kind of instructionKinds) assert(all.filter((each) => each.kind === kind).length >= 100, kind);
  const rows = ROW_FORMS.map((form) => instructionRows(form, "train"));
  assertEquals(rows.map((text) => text.split("\n").length - 1).reduce((a, b) => a + b), all.length);
  assertEquals(rows.map(sha256), ROW_DIGESTS);
});

Deno.test("the held-out instructions share no target pair and no question with the training rows", () => {
  const [train, heldOut] = [instructions("train"), instructions("held-out")];
  assertEquals(heldOut.length, 200);
  const pairOf = ({ subject, answer }: Instruction) => JSON.stringify([subject, answer]);
  const subjects = new Set(train.map(({ subject }) => subject));
  const pairs = new Set(train.map(pairOf));
  const questions = new Set(train.map(({ question }) => question));
  for (const each of heldOut) {
    assert(!subjects.has(each.subject), each.subject);
    assert(!pairs.has(pairOf(each)), pairOf(each));
    assert(!questions.has(each.question), each.question);
  }
});

Deno.test("a held-out word is asked for in no training row, whatever the kind", () => {
  const asked = (list: readonly Instruction[], kind: string) => {
    return new Set(list.filter((each) => each.kind === kind).flatMap(({ subject }) => subject.split(/ > /)));
  };
  const [train, heldOut] = [instructions("train"), instructions("held-out")];
  const taught = ["translate to English", "translate to Chinese", "pinyin", "given form", "odd one out", "complete"]
    .flatMap((kind) => [...asked(train, kind)]);
  const known = new Set(words.flatMap(({ chinese, english }) => [chinese, english]));
  const held = [...asked(heldOut, "translate to English"), ...asked(heldOut, "translate to Chinese")];
  assert(held.filter((word) => known.has(word)).length >= 50);
  for (const word of held.filter((word) => known.has(word))) assert(!taught.includes(word), word);
});

Deno.test("what a question is about stands in it or in its answer", () => {
  for (const { subject, question, answer } of [...instructions("train"), ...instructions("held-out")]) {
    for (const part of subject.replace(/ by \d+$/, "").split(/ [>=+<] |: |, | |[“”()]+/)) {
      const english = words.find(({ chinese }) => chinese === part)?.english ?? part;
      const said = `${question} ${answer}`;
      assert(said.includes(part) || said.includes(english), `${subject} | ${question}`);
    }
  }
});

Deno.test("half of the held-out instructions are worded as no training row is", () => {
  const makers = [toEnglish, toChinese, pinyin, sums, comparing, sorting, oddOneOut, completing, form];
  const fresh = new Set<string>();
  for (const make of makers) {
    for (const { phrasings, heldOutPhrasings } of take(40, make("held-out", new Dice(5)))) {
      assert(heldOutPhrasings.length > 0);
      for (const phrasing of heldOutPhrasings) assert(!phrasings.includes(phrasing), phrasing);
    }
  }
  const shape = (question: string) => {
    const known = words.flatMap(({ chinese, english }) => [chinese, english]).sort((a, b) => b.length - a.length);
    return known.reduce((text, word) => text.replaceAll(`“${word}”`, "“w”"), question).replace(/\d+/g, "0");
  };
  const seen = new Set(instructions("train").map(({ question }) => shape(question)));
  for (const { question } of instructions("held-out")) if (!seen.has(shape(question))) fresh.add(question);
  assert(fresh.size >= 80, `${fresh.size}`);
});

Deno.test("the answers are right", () => {
  for (const { kind, question, answer } of [...instructions("train"), ...instructions("held-out")]) {
    const numbers = [...question.matchAll(/\d+/g)].map(Number);
    if (kind === "sum") assertEquals(Number(answer), numbers[0]! + numbers[1]!, question);
    if (kind === "compare") {
      assertEquals(Number(answer), /大|larger/.test(question) ? Math.max(...numbers) : Math.min(...numbers), question);
    }
    if (kind === "sort") assertEquals(answer, numbers.toSorted((a, b) => a - b).join(", "), question);
  }
});

Deno.test("the embedded samples merge whole, detected as what they are, nothing dropped or repaired", async () => {
  await withFolder(async (directory) => {
    const source = (form: RowForm) => {
      const path = join(directory, `${form}.jsonl`);
      Deno.writeTextFileSync(path, instructionRows(form, "train"));
      return { name: form, path, ...(form === "belle" && { format: form }) };
    };
    const report = await mergeSources(ROW_FORMS.map(source), { directory, validation: 50, seed: 42 });
    assertEquals(report.total.kept, instructions("train").length);
    assertEquals(report.total.repaired, { newlines: 0, surrogates: 0 });
    assertEquals(report.sources[1]!.format, "guanaco");
    assertEquals(readJsonLines(join(directory, "validation.jsonl")).length, 50);
  });
});

Deno.test("the held-out task has each instruction with its kind, history and layout", () => {
  const items = taskItems().trimEnd().split("\n").map((line) => JSON.parse(line));
  assertEquals(items.length, 200);
  assertEquals(new Set(items.map(({ kind }) => kind)), new Set(instructionKinds));
  assert(items.some(({ history, layout }) => history !== undefined && layout === "guanaco"));
});
