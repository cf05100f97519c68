import { chineseNumber, type QuestionAnswer, range, twoNumbers } from "./questions.ts";
import * as words from "./words.ts";

/** A row in Guanaco's form. */
export interface GuanacoRow {
  /** History: `User: …` and `Assistant: …` lines, or "". */
  readonly instruction: string;
  /** `System: …` (if any) and `User: …` lines. */
  readonly input: string;
  readonly output: string;
}

/** A single question as a conversation without history. */
export function fromQuestion([question, answer]: QuestionAnswer): GuanacoRow {
  return { instruction: "", input: `User: ${question}`, output: answer };
}

/** Conversations whose answer depends on earlier turns or on given knowledge. */
export function conversations(): GuanacoRow[] {
  return range(8).flatMap((index) => [...remembering(index), ...continuing(index), ...looking(index)]);
}

/** The answer stands in an earlier turn. */
function remembering(index: number): GuanacoRow[] {
  const [name, nom] = [words.namesChinese[index]!, words.namesEnglish[index]!];
  return [
    row([[`我叫${name}。`, `你好，${name}！`]], "我叫什么名字？", `你叫${name}。`),
    row([[`My name is ${nom}.`, `Hello, ${nom}!`]], "What is my name?", `Your name is ${nom}.`),
    row(
      [[`我叫${name}。`, `你好，${name}！`], [`我住在${words.placesChinese[index]}。`, "好的，我记住了。"]],
      "我住在哪里？",
      `你住在${words.placesChinese[index]}。`,
    ),
  ];
}

/** The question goes on from an earlier answer. */
function continuing(index: number): GuanacoRow[] {
  const [a, b] = twoNumbers(index + 40);
  const more = index + 2;
  const [[word, english], [next, nextEnglish]] = [words.translations[index * 2]!, words.translations[index * 2 + 1]!];
  return [
    row([[`${a}加${b}等于几？`, `${a + b}。`]], `再加${more}呢？`, `${a + b + more}。`),
    row([[`What is ${a} plus ${b}?`, `${a + b}.`]], `And plus ${more}?`, `${a + b + more}.`),
    row([[`“${word}”用英语怎么说？`, english]], `那“${next}”呢？`, nextEnglish),
  ];
}

/** The answer stands in the knowledge that comes with the question. */
function looking(index: number): GuanacoRow[] {
  const [name, nom, age] = [words.namesChinese[index]!, words.namesEnglish[index]!, index + 6];
  const knowledge = `System: ${name}今年${age}岁，住在${words.placesChinese[(index + 3) % 8]}。`;
  return [
    { instruction: "", input: `${knowledge}\nUser: ${name}几岁？`, output: `${name}${chineseNumber(age)}岁。` },
    {
      instruction: "",
      input: `${knowledge}\nUser: ${name}住在哪里？`,
      output: `${name}住在${words.placesChinese[(index + 3) % 8]}。`,
    },
    {
      instruction: "",
      input: `System: ${nom} has ${age} books.\nUser: How many books does ${nom} have?`,
      output: `${nom} has ${age} books.`,
    },
  ];
}

function row(history: QuestionAnswer[], question: string, output: string): GuanacoRow {
  const instruction = history.map(([asked, answered]) => `User: ${asked}\nAssistant: ${answered}`).join("\n");
  return { instruction, input: `User: ${question}`, output };
}
