// The commands of a conversation: lines that begin with "/".
import { visibleName } from "../cli/render/visible.ts";
import { ineffectiveLine } from "../generation/generation_flags.ts";
import { namedAdapters } from "../generation/options.ts";
import { type ChatSettings, readStop, withParam } from "../generation/saved_params.ts";
import { type ChatMessages, chatMessagesIn } from "./messages.ts";
import { type CommandContext, CommandError } from "./command_context.ts";
import { loadFile, saveFile } from "./files.ts";

/** Does a command, given what follows it. */
type Command = (rest: string, context: CommandContext, messages: ChatMessages) => void | Promise<void>;

const COMMANDS: Readonly<Record<string, Command>> = {
  adapter,
  params,
  system(rest, { session, show }, messages) {
    if (rest === "") return show(messages.system(session.settings.system));
    const system = rest === "-" ? "" : rest;
    session.settings = { ...session.settings, system };
    show(messages.systemSet(system));
  },
  undo: bare("undo", ({ session, show }, messages) => {
    const turn = session.undo();
    if (turn === undefined) throw new CommandError(messages.nothingToUndo);
    show(messages.undone(turn.instruction));
  }),
  clear: bare("clear", (context, messages) => {
    context.show(messages.cleared(context.session.turns.length));
    context.session.turns = [];
    context.file = undefined;
  }),
  help: bare("help", ({ show }, messages) => show(messages.help)),
  save: saveFile,
  load: loadFile,
};

/**
 * Does what a line says that begins with "/"; gives false when the conversation is to end.
 *
 * @throws {CommandError} when it cannot be done
 */
export async function runCommand(line: string, context: CommandContext): Promise<boolean> {
  const [, name = "", rest = ""] = /^\/(\S*)\s*([^]*)$/.exec(line) ?? [];
  const messages = chatMessagesIn(context.language);
  if (name === "quit" || name === "exit") return false;
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command === undefined) throw new CommandError(messages.unknownCommand(name));
  await command(rest.trim(), context, messages);
  return true;
}

function bare(name: string, run: (context: CommandContext, messages: ChatMessages) => void): Command {
  return (rest, context, messages) => {
    if (rest !== "") throw new CommandError(messages.noArgument(name));
    run(context, messages);
  };
}

async function adapter(rest: string, { session, show, language }: CommandContext, messages: ChatMessages) {
  const { generator, model } = session;
  if (rest === "") {
    return show(messages.adapters([model, ...generator.adapters].map(visibleName), visibleName(session.speaker)));
  }
  if (generator.adapters.includes(rest)) session.adapter = rest;
  else if (rest === model || rest === "base") session.adapter = undefined;
  else {
    try {
      const [named] = namedAdapters([rest], model, language);
      if (named === undefined) return;
      await generator.loadAdapter(named.name, named.path);
      session.adapter = named.name;
    } catch (error) {
      throw new CommandError(messages.noAdapter(rest, error instanceof Error ? error.message : String(error)));
    }
  }
  show(messages.answersWith(visibleName(session.speaker)));
}

function params(rest: string, { session, show, language }: CommandContext, messages: ChatMessages): void {
  const values = ({ params, maxMemory }: ChatSettings): Record<string, unknown> => {
    const temperature = params.doSample ? params.temperature : 0; // as it is typed: 0 switches sampling off
    return { ...params, temperature, maxMemory };
  };
  const all = values(session.settings);
  const shown = (name: string, value: unknown) => `${name} ${JSON.stringify(value)}`;
  if (rest === "") return show(Object.entries(all).map(([name, value]) => shown(name, value)).join("\n"));
  const [, given = "", value = ""] = /^([^\s=]+)[\s=]*([^]*)$/.exec(rest) ?? [];
  const camel = given.replace(/^-+/, "").replaceAll(/[-_](\w)/g, (_, letter: string) => letter.toUpperCase());
  const name = ALIASES[camel] ?? camel;
  if (!Object.hasOwn(all, name)) throw new CommandError(messages.unknownParam(given, Object.keys(all).join(", ")));
  const settings = changed(session.settings, name, value);
  if (settings === undefined) throw new CommandError(messages.paramWants(given, value));
  const { slots } = session.generator;
  if (settings.params.beams > slots) throw new CommandError(messages.tooManyBeams(slots));
  session.settings = settings;
  show(shown(name, values(settings)[name]));
  const line = ineffectiveLine(settings.params, language);
  if (line !== undefined) show(line);
}

/** Names of flags that are not those of the parameters. */
const ALIASES: Readonly<Record<string, string>> = { sample: "doSample", numBeams: "beams" };

/** Settings with one that was typed; as with the flags, a temperature switches sampling on, 0 switches it off. */
function changed(settings: ChatSettings, name: string, value: string): ChatSettings | undefined {
  const number = value === "" ? NaN : Number(value);
  if (name === "maxMemory") {
    return Number.isSafeInteger(number) && number >= 0 ? { ...settings, maxMemory: number } : undefined;
  }
  const params = name === "temperature" ? { ...settings.params, doSample: true } : settings.params;
  const next = withParam(
    params,
    name,
    name === "stop" ? readStop(value) : name === "doSample" ? SWITCH[value] : number,
  );
  return next && { ...settings, params: next };
}

const SWITCH: Readonly<Record<string, boolean>> = { true: true, on: true, false: false, off: false };
