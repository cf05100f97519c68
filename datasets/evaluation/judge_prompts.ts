import { readRows } from "../formats/read_rows.ts";
import { asFields, text } from "../formats/row_fields.ts";
import { type BelleAnswer, foldClass } from "./belle_questions.ts";

/** What a judge is told, by folded class. */
export type JudgePrompts = ReadonlyMap<string, string>;

const OPENING = "你是一位公正的阅卷老师，要给模型对一道题的回答打分，分数在0到1之间，0为完全不合格，1为完全合格。";
const CLOSING = "请先用一两句话说明理由，最后另起一行写出“得分:”和分数，例如“得分:0.6”。";

const CRITERIA: Readonly<Record<string, string>> = {
  "math": "最终结果必须与参考答案一致，否则得0分；解题步骤可以不同，但必须正确。",
  "code": "判断回答能否解决这道编程题；写法可以与参考答案不同，但代码必须正确。",
  "classification": "判断分类结果是否与参考答案一致，并符合题目规定的形式。",
  "extract": "抽取的内容必须来自题目给出的文字，完整、准确，没有多余的内容。",
  "open qa": "判断事实是否正确，是否切题；参考答案中的要点应当都有。",
  "closed qa": "回答必须以题目给出的文字为依据，并与参考答案意思一致。",
  "generation": "判断写出的内容是否符合题目的全部要求，通顺、连贯、充实。",
  "brainstorming": "判断想法是否切题、具体、可行、多样；不必与参考答案相同。",
  "rewrite": "判断改写是否符合题目的要求，并保留原文的意思。",
  "summarization": "判断概括是否抓住要点、简洁，且没有原文中没有的内容。",
  "translation": "判断译文是否忠实、通顺；不必与参考答案的用词相同。",
};
const GENERAL = "判断回答是否正确、切题、完整；有参考答案时以它为准。";

/** The prompt of a class: the user's, else this project's own. */
export function judgePrompt(name: string, own: JudgePrompts = new Map()): string {
  const folded = foldClass(name);
  return own.get(folded) ?? `${OPENING}${CRITERIA[folded] ?? GENERAL}${CLOSING}`;
}

/**
 * Reads prompts `{class, prompt}`, as in BELLE's eval_prompt.json.
 *
 * @throws {DataError} naming file, line and field
 */
export async function readJudgePrompts(path: string): Promise<JudgePrompts> {
  const prompts = new Map<string, string>();
  for await (const { value, line } of readRows(path)) {
    const place = { file: path, line };
    const row = asFields(value, place, "row");
    prompts.set(foldClass(text(row, "class", place)), text(row, "prompt", place));
  }
  return prompts;
}

/** What a judge is asked: its prompt, and the question with the answers behind it. */
export function judgeMessage(
  prompt: string,
  { question, std_answer, answer }: Pick<BelleAnswer, "question" | "std_answer" | "answer">,
): string {
  const reference = std_answer === "" ? "" : `\n\n【参考答案】\n${std_answer}`;
  return `${prompt}\n\n【题目】\n${question}${reference}\n\n【模型回答】\n${answer}`;
}

/**
 * The score that a judge gives: the last number behind `得分:`, full-width or bold or not. Undefined where there is none
 * between 0 and 1.
 */
export function scoreIn(reply: string): number | undefined {
  const found = [...reply.normalize("NFKC").matchAll(/得分[*_\s]*:[*_\s]*(\d+(?:\.\d+)?)(\s*%)?/g)].at(-1);
  if (found === undefined) return undefined;
  const score = Number(found[1]) / (found[2] === undefined ? 1 : 100);
  return score <= 1 ? score : undefined;
}
