// Conversations on disk: JSON Lines. The first line says how they were held, each further one is a turn.

/** What the first line says. */
export interface SavedHead {
  readonly type: "conversation";
  readonly format: 1;
  /** Instructions that stand alone, or a conversation. */
  readonly mode: "instruct" | "chat";
  readonly model: string;
  /** ISO 8601. */
  readonly savedAt: string;
  /** Parameters of generation and prompt, by name. */
  readonly params: Readonly<Record<string, unknown>>;
}

/** One answer of a turn. */
export interface SavedAnswer {
  /** Name of the adapter; null for the base alone. */
  readonly adapter: string | null;
  readonly text: string;
}

/** A question and its answers: several where models were compared. */
export interface SavedTurn {
  readonly type: "turn";
  readonly instruction: string;
  readonly input: string;
  readonly answers: readonly SavedAnswer[];
}

/** A saved conversation. */
export interface SavedConversation {
  readonly head: SavedHead;
  readonly turns: readonly SavedTurn[];
}

/** A file that is no saved conversation; `line` counts from 1. */
export class SavedFormatError extends Error {
  override readonly name: string = "SavedFormatError";

  /** Names the line. */
  constructor(readonly line: number, wanted: string) {
    super(`line ${line} of a saved conversation: wanted ${wanted}`);
  }
}

/** The text of a file. */
export function writeConversation({ head, turns }: SavedConversation): string {
  return [head, ...turns].map((line) => `${JSON.stringify(line)}\n`).join("");
}

/**
 * Reads the text of a file.
 *
 * @throws {SavedFormatError} when it is none of ours, or a line is damaged
 */
export function readConversation(text: string): SavedConversation {
  const [first, ...rest] = text.split("\n").filter((line) => line.trim() !== "");
  const head = parse(first ?? "", 1);
  if (head["type"] !== "conversation" || head["format"] !== 1) {
    throw new SavedFormatError(1, 'an object with type "conversation" and format 1');
  }
  const mode = head["mode"] === "chat" ? "chat" : "instruct";
  const params = isRecord(head["params"]) ? head["params"] : {};
  return {
    head: {
      type: "conversation",
      format: 1,
      mode,
      model: textIn(head, "model"),
      savedAt: textIn(head, "savedAt"),
      params,
    },
    turns: rest.map((line, i) => turnOf(parse(line, i + 2), i + 2)),
  };
}

function turnOf(value: Record<string, unknown>, line: number): SavedTurn {
  const { type, instruction, answers } = value;
  if (type !== "turn" || typeof instruction !== "string" || !Array.isArray(answers)) {
    throw new SavedFormatError(line, 'an object with type "turn", an instruction and answers');
  }
  return {
    type,
    instruction,
    input: textIn(value, "input"),
    answers: answers.map((answer: unknown): SavedAnswer => {
      if (!isRecord(answer) || typeof answer["text"] !== "string") {
        throw new SavedFormatError(line, "answers with a text");
      }
      const { adapter, text } = answer;
      return { adapter: typeof adapter === "string" ? adapter : null, text };
    }),
  };
}

function parse(line: string, number: number): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(line);
    if (isRecord(value)) return value;
  } catch { /* said below */ }
  throw new SavedFormatError(number, "a JSON object");
}

function textIn(value: Record<string, unknown>, name: string): string {
  const found = value[name];
  return typeof found === "string" ? found : "";
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
