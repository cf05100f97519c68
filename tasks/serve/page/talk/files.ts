// Conversations as files on the person's own disk.
import { readConversation, type SavedConversation, writeConversation } from "../../../generation/saved_conversation.ts";
import type { ServerState } from "../wire.ts";
import type { Answer, Turn } from "./conversation.ts";
import type { Session } from "./session.ts";
import { mergeSettings } from "./settings.ts";

/** Gives the conversation to the browser as a file. */
export function saveConversation({ mode, settings, state }: Session, model: string): void {
  const { turns } = state.value;
  const savedAt = new Date().toISOString();
  const saved: SavedConversation = {
    head: { type: "conversation", format: 1, mode, model, savedAt, params: { ...settings.value } },
    turns: turns.map(({ instruction, input, answers }) => ({
      ...{ type: "turn", instruction, input },
      answers: answers.map(({ adapter, text }) => ({ adapter, text })),
    })),
  };
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([writeConversation(saved)], { type: "application/jsonl" }));
  link.download = `vicuna-${mode}-${savedAt.slice(0, 19).replaceAll(/[:T]/g, "-")}.jsonl`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/**
 * Takes a conversation up from a file, with its settings; gives the number of its turns.
 *
 * @throws {SavedFormatError} when the file is none of ours
 */
export async function loadConversation(session: Session, server: ServerState, file: Blob): Promise<number> {
  const { head, turns } = readConversation(await file.text());
  const settings = mergeSettings(server.controls, session.settings.value, { system: "", ...head.params });
  const known = server.templates.some((name) => name === settings.template);
  session.settings.set(known ? settings : { ...settings, template: session.settings.value.template });
  session.load(turns.map(({ instruction, input, answers }): Turn => ({
    ...{ instruction, input },
    answers: answers.map(({ adapter, text }): Answer => ({ adapter, text, state: "done" })),
  })));
  return turns.length;
}
