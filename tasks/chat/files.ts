// /save and /load.
import { readConversation, SavedFormatError, writeConversation } from "../generation/saved_conversation.ts";
import { type CommandContext, CommandError } from "./command_context.ts";
import type { ChatMessages } from "./messages.ts";

const reasonOf = (error: unknown) => error instanceof Error ? error.message : String(error);

/** Saves the conversation, whole or not at all; a file that is not this conversation's is not replaced. */
export async function saveFile(rest: string, context: CommandContext, messages: ChatMessages): Promise<void> {
  const { session, show } = context;
  const file = rest === "" ? context.file : rest;
  if (file === undefined) throw new CommandError(messages.whichFile("save"));
  if (file !== context.file && await exists(file)) throw new CommandError(messages.fileExists(file));
  const aside = `${file}.${crypto.randomUUID()}.tmp`;
  try {
    await Deno.writeTextFile(aside, writeConversation(session.saved(new Date())), { createNew: true });
    await Deno.rename(aside, file);
  } catch (error) {
    await Deno.remove(aside).catch(() => {});
    throw new CommandError(messages.cannotSave(file, reasonOf(error)));
  }
  context.file = file;
  show(messages.saved(session.turns.length, file));
}

/** Goes on with a saved conversation. */
export async function loadFile(file: string, context: CommandContext, messages: ChatMessages): Promise<void> {
  const { session, show } = context;
  if (file === "") throw new CommandError(messages.whichFile("load"));
  let saved;
  try {
    saved = readConversation(await Deno.readTextFile(file));
  } catch (error) {
    throw new CommandError(messages.cannotLoad(file, whyNotLoaded(error, messages)));
  }
  session.load(saved);
  context.file = file;
  show(messages.loaded(saved.turns.length, file));
  const { model, params: { template } } = saved.head;
  if (model !== session.model) show(messages.otherModel(model));
  const adapter = saved.turns.at(-1)?.answers[0]?.adapter;
  if (adapter != null && session.adapter !== adapter) show(messages.adapterGone(adapter));
  if (typeof template === "string" && template !== session.template) {
    show(messages.templateDiffers(template, session.template));
  }
}

function whyNotLoaded(error: unknown, messages: ChatMessages): string {
  if (error instanceof Deno.errors.NotFound) return messages.notThere;
  return error instanceof SavedFormatError ? messages.noConversation(error.message) : reasonOf(error);
}

async function exists(file: string): Promise<boolean> {
  return await Deno.lstat(file).then(() => true, () => false);
}
