// A conversation: its turns, what it is held with, and the next answer.
import { templateFor, type TemplateName, type TemplateOptions } from "../../datasets/templates/templates.ts";
import type { FinishReason } from "../../models/generation/request.ts";
import type { TextGenerator } from "../../models/generation/text_generator.ts";
import { fitPrompt, type Message, questionOf } from "../generation/conversation.ts";
import { withoutLeadingSpace } from "../generation/leading_space.ts";
import type { SavedConversation, SavedTurn } from "../generation/saved_conversation.ts";
import { type ChatSettings, mergeSavedParams, savedParams } from "../generation/saved_params.ts";

/** What a conversation needs of a text generator. */
export type ChatGenerator = Pick<
  TextGenerator,
  "stream" | "tokenizer" | "positions" | "slots" | "adapters" | "loadAdapter"
>;

/** How an answer ended; `stopped` by the person. */
export type AnswerEnd = FinishReason | "stopped";

/** One conversation with a model. */
export class ChatSession {
  turns: readonly SavedTurn[] = [];
  settings: ChatSettings;
  /** Name of the adapter that answers; undefined for the base alone. */
  adapter: string | undefined;

  /** `model` is the base's name. */
  constructor(
    readonly generator: ChatGenerator,
    readonly model: string,
    readonly template: TemplateName,
    settings: ChatSettings,
    readonly templateOptions: TemplateOptions = {},
  ) {
    this.settings = settings;
    this.adapter = generator.adapters[0];
  }

  /** Who answers. */
  get speaker(): string {
    return this.adapter ?? this.model;
  }

  /**
   * Answers a message, which becomes a turn with its answer, also with one that was stopped after it had begun.
   *
   * @param say is given the pieces of the answer
   * @param tellDropped is told before it begins how many of the oldest turns the prompt has no room for
   * @throws {PromptError} when the message alone is too long
   */
  async answer(
    message: string,
    signal: AbortSignal,
    say: (text: string) => Promise<void>,
    tellDropped: (turns: number) => void,
  ): Promise<{ readonly text: string; readonly end: AnswerEnd }> {
    const { generator, adapter, settings: { params, maxMemory, system } } = this;
    const { tokenizer, positions } = generator;
    const { ids, droppedTurns } = fitPrompt(
      questionOf([
        ...(system === "" ? [] : [{ role: "system", content: system } as const]),
        ...this.turns.flatMap(messagesOf),
        { role: "user", content: message },
      ]),
      templateFor(this.template, tokenizer, this.templateOptions),
      tokenizer,
      { positions, answerTokens: params.maxNewTokens, historyTokens: maxMemory },
    );
    if (droppedTurns > 0) tellDropped(droppedTurns);
    let text = "";
    let end: AnswerEnd = "stopped";
    try {
      for await (const event of withoutLeadingSpace(generator.stream({ prompt: ids, adapter, params, signal }))) {
        if (event.type === "end") end = event.reason;
        if (event.type !== "text") continue;
        text += event.text;
        await say(event.text);
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    }
    if (end !== "stopped" || text !== "") {
      const answers = [{ adapter: adapter ?? null, text }];
      this.turns = [...this.turns, { type: "turn", instruction: message, input: "", answers }];
    }
    return { text, end };
  }

  /** Takes the last turn back and gives it; undefined when there is none. */
  undo(): SavedTurn | undefined {
    const last = this.turns.at(-1);
    this.turns = this.turns.slice(0, -1);
    return last;
  }

  /** The conversation as it is saved. */
  saved(now: Date): SavedConversation {
    const { model, settings, template, turns } = this;
    return {
      head: {
        ...{ type: "conversation", format: 1, mode: "chat", model },
        savedAt: now.toISOString(),
        params: savedParams(settings, template),
      },
      turns,
    };
  }

  /** Goes on with a saved conversation: its turns, its parameters, and the adapter that answered last if it is loaded. */
  load({ head, turns }: SavedConversation): void {
    this.turns = turns;
    this.settings = mergeSavedParams(this.settings, head.params);
    const answered = turns.at(-1)?.answers[0];
    if (answered === undefined) return;
    if (answered.adapter === null) this.adapter = undefined;
    else if (this.generator.adapters.includes(answered.adapter)) this.adapter = answered.adapter;
  }
}

/** A turn as messages. Where models were compared, the first one's answer counts; a turn without one is left out. */
function messagesOf({ instruction, input, answers: [answer] }: SavedTurn): Message[] {
  if (answer === undefined || answer.text.trim() === "") return [];
  const asked = input === "" ? instruction : `${instruction}\n${input}`;
  return [{ role: "user", content: asked }, { role: "assistant", content: answer.text.trim() }];
}
