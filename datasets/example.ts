/** The text of one example, whatever form its source file had: an instruction, or the last exchange of a conversation. */
export interface RawExample {
  /** What is asked for. May be empty if `input` is not. */
  readonly instruction: string;
  /** Material that the instruction works on, or "" for none. */
  readonly input: string;
  /** The answer to learn. */
  readonly output: string;
  /** What stands before a conversation: who the assistant is, what it knows. */
  readonly system?: string;
  /** Earlier questions and answers of the conversation, oldest first. */
  readonly history?: readonly Exchange[];
  /**
   * What was said before the answer, turn by turn, where questions and answers do not alternate or a system turn stands
   * later on. Templates with turns of their own write these; the other fields hold the same, joined.
   */
  readonly turns?: readonly Turn[];
  /** How a template without turns of its own writes the conversation; BELLE's way if absent, see `flatten`. */
  readonly layout?: "guanaco";
}

/** Who speaks. */
export type Role = "system" | "user" | "assistant";

/** One contribution to a conversation. */
export interface Turn {
  readonly role: Role;
  readonly text: string;
}

/** A question and its answer. */
export type Exchange = readonly [question: string, answer: string];

/** An example of the merged data. */
export interface Example extends RawExample {
  /** Name of the source the row came from. */
  readonly source: string;
}

/** The part of an example that a prompt is made of. */
export type Question = Omit<RawExample, "output">;

/** The last question as one text. */
export function lastQuestion({ instruction, input }: Question): string {
  return input === "" ? instruction : `${instruction}\n${input}`;
}

/**
 * Instruction and input of an example as one exchange: what a template without turns, such as alpaca's, is filled with.
 * A conversation is written as its data set does:
 *
 * - Guanaco: history as `User: …` and `Assistant: …` lines for the instruction, `System: …` and `User: …` for the input;
 * - BELLE's multiturn_chat, and for all others: `Human:…\nAssistant:…\nHuman:…\nAssistant:` for the instruction.
 */
export function flatten(question: Question): { instruction: string; input: string } {
  const { instruction, input, system, history = [], layout } = question;
  if (layout === "guanaco") {
    const lines = history.map(([asked, answered]) => `User: ${asked}\nAssistant: ${answered}`);
    const known = system === undefined ? "" : `System: ${system}\n`;
    return { instruction: lines.join("\n"), input: `${known}User: ${lastQuestion(question)}` };
  }
  const before = system === undefined ? "" : `${system}\n`;
  if (history.length === 0) return { instruction: before + instruction, input };
  const lines = history.map(([asked, answered]) => `Human:${asked}\nAssistant:${answered}\n`);
  return { instruction: `${before}${lines.join("")}Human:${lastQuestion(question)}\nAssistant:`, input: "" };
}
