// Conversations as lists of messages, and the prompts that they make within a budget of tokens.
import { promptIds } from "../../datasets/templates/build_sequence.ts";
import type { Exchange, Question } from "../../datasets/example.ts";
import type { PromptTemplate, TemplateName } from "../../datasets/templates/templates.ts";
import type { Tokenizer } from "../../models/tokenizer/tokenizer.ts";

/** One message of a conversation. */
export interface Message {
  readonly role: "system" | "user" | "assistant";
  readonly content: string;
}

/** A conversation or a prompt that cannot be used; `message` says what is wanted. */
export class PromptError extends Error {
  override readonly name: string = "PromptError";
  /** Recognised where errors are printed. */
  readonly userFacing = true as const;
}

/** A prompt that takes more tokens than there are, with nothing left that could be dropped. */
export class PromptTooLongError extends PromptError {
  override readonly name: string = "PromptTooLongError";

  /** Names both numbers. */
  constructor(readonly tokens: number, readonly most: number) {
    super(`the prompt has ${tokens} tokens; at most ${most} leave room for an answer`);
  }
}

/** The name of the template for a tokenizer: the wanted one, else the tokenizer's own, else alpaca. */
export function templateNameFor(wanted: TemplateName | undefined, tokenizer: Tokenizer): TemplateName {
  return wanted ?? (tokenizer.chatTemplate === undefined ? "alpaca" : "tokenizer");
}

/**
 * The question that messages end in, with what stands before it. System messages are joined and put first, messages of
 * the same role that follow each other are joined by an empty line; a chat template is given them as they are (`turns`).
 *
 * @throws {PromptError} unless the last message is the user's, and the first one after the system's is too
 */
export function questionOf(messages: readonly Message[]): Question {
  const system = messages.filter(({ role }) => role === "system").map(({ content }) => content).join("\n\n");
  const turns: Message[] = [];
  for (const message of messages) {
    if (message.role === "system") continue;
    const last = turns.at(-1);
    if (last?.role !== message.role) turns.push(message);
    else turns[turns.length - 1] = { role: last.role, content: `${last.content}\n\n${message.content}` };
  }
  const question = turns.at(-1);
  if (question?.role !== "user") {
    throw new PromptError(`the last message must be the user's, found ${question?.role ?? "none"}`);
  }
  if (turns[0]?.role !== "user") throw new PromptError("the first message after the system's must be the user's");
  const history: Exchange[] = [];
  for (let i = 0; i + 2 < turns.length; i += 2) history.push([turns[i]?.content ?? "", turns[i + 1]?.content ?? ""]);
  return {
    instruction: question.content,
    input: "",
    ...(system !== "" && { system }),
    ...(history.length > 0 && { history }),
    ...(isUnusual(messages) && { turns: messages.map(({ role, content }) => ({ role, text: content })) }),
  };
}

/** Whether messages are no system text and exchanges in turn. */
function isUnusual(messages: readonly Message[]): boolean {
  return messages.some(({ role }, at) => at > 0 && (role === "system" || role === messages[at - 1]?.role));
}

/** A prompt within its budget. */
export interface FittedPrompt {
  /** The ids, bos included where the template wants it. */
  readonly ids: number[];
  /** The text that they stand for, with the template's control tokens. */
  readonly text: string;
  /** How many of the oldest exchanges were left out. */
  readonly droppedTurns: number;
}

/** How much a prompt may take. */
export interface PromptBudget {
  /** Most tokens of prompt and answer together. */
  readonly positions: number;
  /** Tokens that are wanted for the answer; up to half of the positions are kept free for it when turns are dropped. */
  readonly answerTokens: number;
  /** Most tokens of the earlier turns; as many as there is room for when left out. */
  readonly historyTokens?: number | undefined;
}

/**
 * The prompt of a question. Of its history, the newest exchanges stay that fit the budget; the system message and the
 * question always stay.
 *
 * @throws {PromptTooLongError} when the question alone leaves no room for an answer
 */
export function fitPrompt(
  question: Question,
  template: PromptTemplate,
  tokenizer: Tokenizer,
  { positions, answerTokens, historyTokens = Infinity }: PromptBudget,
): FittedPrompt {
  const { history = [], turns: _turns, ...bare } = question;
  const askedWithout = (dropped: number): Question => {
    if (dropped === 0) return question; // with its turns as they were
    return dropped === history.length ? bare : { ...bare, history: history.slice(dropped) };
  };
  const idsWithout = (dropped: number) => promptIds(askedWithout(dropped), template, tokenizer);
  const alone = checkedLength(idsWithout(history.length), positions);
  const room = positions - Math.max(1, Math.min(answerTokens, positions >> 1));
  const most = Math.max(alone.length, Math.min(room, alone.length + historyTokens));
  // The fewest dropped whose prompt fits: every exchange makes it longer, so halving finds it.
  let [low, high] = [0, history.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (idsWithout(middle).length <= most) high = middle;
    else low = middle + 1;
  }
  const text = textOf(askedWithout(low), template);
  return { ids: low === history.length ? alone : idsWithout(low), text, droppedTurns: low };
}

/**
 * The prompt of a question with all of its history.
 *
 * @throws {PromptTooLongError} when it leaves no room for an answer
 */
export function wholePrompt(
  question: Question,
  template: PromptTemplate,
  tokenizer: Tokenizer,
  positions: number,
): FittedPrompt {
  const ids = checkedLength(promptIds(question, template, tokenizer), positions);
  return { ids, text: textOf(question, template), droppedTurns: 0 };
}

/**
 * The prompt of a text that is gone on from as it is: what the tokenizer puts before a text, and control tokens in it are
 * control tokens, as in transformers.
 *
 * @throws {PromptTooLongError} when it leaves no room for an answer
 */
export function rawPrompt(text: string, tokenizer: Tokenizer, positions: number): FittedPrompt {
  const ids = checkedLength(tokenizer.encodeRaw(text), positions);
  return { ids, text, droppedTurns: 0 };
}

function checkedLength(ids: number[], positions: number): number[] {
  if (ids.length >= positions) throw new PromptTooLongError(ids.length, positions - 1);
  return ids;
}

function textOf(question: Question, template: PromptTemplate): string {
  return template.ask(question).map((segment) => "control" in segment ? segment.control : segment.text).join("");
}
