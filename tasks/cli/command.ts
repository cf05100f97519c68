import { Command, CommanderError, Option } from "commander";
import { normaliseArguments, readFlagValue } from "./options/arguments.ts";
import { calledAs } from "./options/called_as.ts";
import { type Flag, isSwitch } from "./options/flags.ts";
import type { Language } from "./language.ts";
import { type Messages, messagesIn } from "./messages.ts";
import { displayWidth, wrapToWidth } from "./render/text_width.ts";
import { UsageError } from "./usage_error.ts";
import { VERSION_LINE } from "./version.ts";

/** Columns of the help: at most in all, and at least for the text of an option, however narrow the terminal is. */
const [WIDEST, NARROWEST] = [100, 20];

/** Flags that stand together in the help. */
export interface FlagGroup {
  /** Heading. */
  readonly heading: string;
  /** Flags below it. */
  readonly flags: readonly Flag[];
}

/** What a command line looks like. */
export interface CommandShape {
  /** Its name, such as `train`. */
  readonly task: string;
  /** What follows the task in the usage line, such as `[NAME|FILE] [options]`. */
  readonly usage: string;
  /** What it does, in a sentence or two. */
  readonly description: string;
  /** Its flags. */
  readonly groups: readonly FlagGroup[];
  /** Lines below the help. */
  readonly footer?: string;
  /** What to type instead, after its name, where an argument came that it does not take there. */
  readonly operandExample?: string;
  /** Arguments without dashes that are expected. Default none. */
  readonly operands?: { readonly name: string; readonly required: boolean };
}

/** What the user gave. */
export interface ParsedCommand {
  /** True if help or the version was asked for; `help` has it. */
  readonly wantsHelp: boolean;
  /** The help; the version where that was asked for. */
  readonly help: string;
  /** The values of the flags that were given, by field. Defaults are not filled in. */
  readonly values: Readonly<Record<string, unknown>>;
  /** Arguments without dashes. */
  readonly operands: readonly string[];
}

/**
 * Parses arguments against flags.
 *
 * @throws {UsageError} for unknown flags (naming the nearest), missing values, values of the wrong type.
 */
export function parseCommand(args: readonly string[], shape: CommandShape, language: Language): ParsedCommand {
  const messages = messagesIn(language);
  const command = buildCommand(shape, messages);
  const help = command.helpInformation() +
    (shape.footer === undefined ? "" : `\n${wrapToWidth(shape.footer, helpColumns())}\n`);
  if (args.some((arg, i) => arg === "--help" || (arg === "-h" && !args[i - 1]?.startsWith("--")))) {
    return { wantsHelp: true, help, values: {}, operands: [] };
  }
  if (args.includes("--version")) return { wantsHelp: true, help: VERSION_LINE, values: {}, operands: [] };
  const flags = shape.groups.flatMap((group) => group.flags);
  try {
    command.parse(normaliseArguments(args, flags, messages, shape.operands === undefined), { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    throw new UsageError(error.message.replace(/^error: /, ""));
  }
  if (shape.operands === undefined && command.args[0] !== undefined) {
    throw new UsageError(messages.extraArgument(command.args[0], shape.task, shape.operandExample));
  }
  const given: Record<string, unknown> = command.opts();
  const values: Record<string, unknown> = {};
  for (const flag of flags) {
    const value = given[optionKey(flag)];
    if (value === undefined) continue;
    values[flag.field] = isSwitch(flag) ? value : readFlagValue(flag, value as string[], messages);
  }
  return { wantsHelp: false, help, values, operands: command.args };
}

function buildCommand(shape: CommandShape, messages: Messages): Command {
  const command = new Command()
    .name(calledAs(shape.task))
    .usage(usageIn(shape.usage, messages))
    .description(shape.description)
    .argument("[operands...]")
    .helpOption(false)
    .exitOverride()
    .configureOutput({ writeErr: () => {} })
    .configureHelp({
      helpWidth: helpColumns(),
      displayWidth,
      boxWrap: (text, columns) => wrapToWidth(text, Math.max(columns, NARROWEST)),
      visibleArguments: () => [],
      styleTitle: (title) => title === "Usage:" ? messages.usage : title,
      styleUsage: (usage) => wrapUsage(usage, displayWidth(messages.usage) + 1),
    });
  const add = (option: Option) => (command as unknown as { addOption(option: Option): void }).addOption(option);
  for (const { heading, flags } of shape.groups) {
    for (const flag of flags) for (const option of optionsOf(flag, messages)) add(option.helpGroup(heading));
  }
  add(new Option("-h, --help", messages.helpOption).helpGroup(messages.commonOptions));
  add(new Option("--version", messages.versionOption).helpGroup(messages.commonOptions));
  return command as unknown as Command;
}

/** The options of the parser for a flag: one, or for a switch both its forms, of which the help shows the useful one. */
function optionsOf(flag: Flag, messages: Messages): Option[] {
  const description = describeFlag(flag, messages);
  if (!isSwitch(flag)) {
    const option = new Option(`--${flag.name} <${placeholder(flag, messages)}>`, description);
    return [option.argParser((value: string, before: unknown) => [...(Array.isArray(before) ? before : []), value])];
  }
  const positive = new Option(`--${flag.name}`, description);
  const negative = new Option(`--no-${flag.name}`, description);
  (flag.default === true ? positive : negative).hideHelp();
  return [positive, negative];
}

function describeFlag(flag: Flag, messages: Messages): string {
  const notes = notesOf(flag, messages).join(messages.noteSeparator);
  return notes === "" ? flag.description : messages.withNotes(flag.description, notes);
}

function notesOf(flag: Flag, messages: Messages): string[] {
  const notes: string[] = [];
  if (flag.choices !== undefined && !showsChoices(flag)) notes.push(messages.choices(flag.choices.join(", ")));
  if (flag.list) notes.push(messages.repeatable);
  if (flag.required) notes.push(messages.required);
  const value = isSwitch(flag) ? "" : [flag.default ?? ""].flat().join(",");
  if (value !== "") notes.push(messages.default(value));
  const others = flag.aliases.filter((alias) => alias !== flag.name);
  if (others.length > 0) notes.push(messages.alias(others.map((alias) => `--${alias}`).join(", ")));
  return notes;
}

function placeholder(flag: Flag, { placeholders }: Messages): string {
  if (flag.choices !== undefined && showsChoices(flag)) return flag.choices.join("|");
  if (flag.types.length === 1 && flag.types[0] === "number") return placeholders.number;
  return /path|dir|file|data|model/i.test(flag.field) ? placeholders.path : placeholders.text;
}

/** Few and short choices stand in place of the value. */
function showsChoices({ choices }: Flag): boolean {
  return choices !== undefined && choices.join("|").length <= 20;
}

/** The name under which the parser keeps a flag. */
function optionKey(flag: Flag): string {
  return new Option(`--${flag.name}`).attributeName();
}

/** A usage line with the words that stand for values in the language of the messages. */
export function usageIn(usage: string, { usageWords }: Messages): string {
  return usage.replaceAll(/[A-Z]+(?:\|[A-Z]+)*|\boptions\b/g, (word) => usageWords[word] ?? word);
}

/** Breaks a usage line that begins in a column; what stands in brackets stays on one line. */
function wrapUsage(usage: string, column: number): string {
  const lines = [""];
  for (const part of usage.match(/\[[^\]]*\]\S*|\S+/g) ?? []) {
    const longer = `${lines.at(-1)} ${part}`.trimStart();
    if (column + displayWidth(longer) <= helpColumns()) lines.splice(-1, 1, longer);
    else lines.push(part);
  }
  return lines.join(`\n${" ".repeat(column)}`);
}

function helpColumns(): number {
  try {
    return Deno.stdout.isTerminal() ? Math.min(Deno.consoleSize().columns || WIDEST, WIDEST) : WIDEST;
  } catch {
    return WIDEST;
  }
}
