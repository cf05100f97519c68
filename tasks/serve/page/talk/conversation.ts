// A conversation: turns with an answer for each model that was asked, and what is sent for the next one.
import type { FinishReason } from "../../../../models/generation/request.ts";
import type { AskBody } from "../api.ts";
import { type Mode, paramsOf, type Settings } from "./settings.ts";

/** A beam of a search. */
export interface Beam {
  readonly text: string;
  readonly score: number;
}

/** Figures of an answer. */
export interface AnswerFigures {
  readonly promptTokens: number;
  readonly newTokens: number;
  readonly reusedTokens: number;
  readonly seconds: number;
}

/** An answer, whole or on its way. */
export interface Answer {
  /** Name of the adapter; null for the base alone. */
  readonly adapter: string | null;
  readonly text: string;
  readonly state: "waiting" | "streaming" | "done" | "stopped" | "failed";
  readonly reason?: FinishReason;
  readonly error?: string;
  /** The server's short name of what went wrong. */
  readonly errorCode?: string;
  readonly beams?: readonly Beam[];
  /** Exchanges that the prompt had no room for. */
  readonly droppedTurns?: number;
  readonly figures?: AnswerFigures;
}

/** A question and its answers, one for each side of a comparison. */
export interface Turn {
  readonly instruction: string;
  readonly input: string;
  readonly answers: readonly Answer[];
}

/** True while an answer is on its way. */
export function isOpen({ state }: Answer): boolean {
  return state === "waiting" || state === "streaming";
}

/** What is sent for a question to one side. */
export function askBody(
  { instruction, input }: Pick<Turn, "instruction" | "input">,
  earlier: readonly Turn[],
  side: number,
  adapter: string | null,
  settings: Settings,
  mode: Mode,
): AskBody {
  const { template, showBeams, numbers, system } = settings;
  const common = { template, adapter, params: paramsOf(settings), showBeams: showBeams && numbers.beams > 1 };
  if (mode === "instruct") return { ...common, instruction, input };
  const history = earlier.flatMap((turn) => {
    const answer = turn.answers[side] ?? turn.answers[0];
    if (answer === undefined || answer.text.trim() === "") return [];
    return [
      { role: "user" as const, content: turn.instruction },
      { role: "assistant" as const, content: answer.text.trim() },
    ];
  });
  const first = system.trim() === "" ? [] : [{ role: "system" as const, content: system }];
  return {
    ...common,
    messages: [...first, ...history, { role: "user", content: instruction }],
    maxMemory: numbers.maxMemory,
  };
}
