import { closestString } from "@std/text/closest-string";
import { levenshteinDistance } from "@std/text/levenshtein-distance";
import { type Flag, isSwitch } from "./flags.ts";
import { answerToForeign } from "./foreign_flags.ts";
import type { Messages } from "../messages.ts";
import { UnknownFlagError, UsageError } from "../usage_error.ts";

/**
 * Brings arguments to the one spelling that the parser knows: `--lora_r 8`, `--lora-r=8` and `--lora-rank 8` are the
 * same, and a switch may be written `--x`, `--no-x`, `--x=false` or `--x False`.
 *
 * @param spreadsLists whether the values of a list may follow its flag one by one, as a shell spreads `*.json`; not where
 * arguments without dashes mean something else
 * @throws {UsageError} for an unknown flag, naming the nearest one if it is near.
 */
export function normaliseArguments(
  args: readonly string[],
  flags: readonly Flag[],
  messages: Messages,
  spreadsLists = false,
): string[] {
  const byName = new Map<string, Flag>();
  for (const flag of flags) for (const name of [flag.name, ...flag.aliases]) byName.set(name, flag);
  const normal: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const arg = args[i] ?? "";
    if (!arg.startsWith("--") || arg === "--" || arg === "--help") {
      normal.push(arg);
      continue;
    }
    const [, written = "", , value] = arg.match(/^--([^=]*)(=([\s\S]*))?$/) ?? [];
    const { flag, negated } = findFlag(written, byName, messages);
    if (!isSwitch(flag)) {
      const given = value ?? args[++i];
      if (given === undefined) throw new UsageError(messages.missingValue(`--${written}`));
      normal.push(`--${flag.name}=${given}`);
      const spreads = spreadsLists && flag.list && value === undefined;
      while (spreads && args[i + 1]?.startsWith("-") === false) normal.push(`--${flag.name}=${args[++i]}`);
      continue;
    }
    const next = value ?? (/^(true|false)$/i.test(args[i + 1] ?? "") ? args[++i] : undefined);
    normal.push(readSwitch(`--${written}`, next, messages) !== negated ? `--${flag.name}` : `--no-${flag.name}`);
  }
  return normal;
}

function findFlag(
  written: string,
  byName: ReadonlyMap<string, Flag>,
  messages: Messages,
): { flag: Flag; negated: boolean } {
  const name = written.replaceAll("_", "-");
  const flag = byName.get(name);
  if (flag !== undefined) return { flag, negated: false };
  const positive = name.startsWith("no-") ? byName.get(name.slice(3)) : undefined;
  if (positive !== undefined && isSwitch(positive)) return { flag: positive, negated: true };
  throw unknownFlag(`--${written}`, [...byName.keys()], messages);
}

function unknownFlag(written: string, known: readonly string[], messages: Messages): UnknownFlagError {
  const name = written.slice(2).replaceAll("_", "-");
  const answer = answerToForeign(name, messages);
  if (answer !== undefined) return new UnknownFlagError(`${messages.unknownFlag(written)}: ${answer}`, name);
  const nearest = closestString(name, [...known, "help", "version"]);
  // A flag of another task or recipe is no slip of the pen.
  const isNear = levenshteinDistance(name, nearest) <= Math.max(2, name.length / 2);
  const guess = isNear ? `: ${messages.didYouMean(`--${nearest}`)}` : "";
  return new UnknownFlagError(messages.unknownFlag(written) + guess, name);
}

function readSwitch(flag: string, value: string | undefined, messages: Messages): boolean {
  if (value === undefined || /^(true|1|yes)$/i.test(value)) return true;
  if (/^(false|0|no)$/i.test(value)) return false;
  throw new UsageError(messages.wantsBoolean(flag, value));
}

/** Turns the texts given for a flag into the value that its field wants; the schema checks the rest. */
export function readFlagValue(flag: Flag, given: readonly string[], messages: Messages): unknown {
  const single = (text: string) => readScalar(flag, text, messages);
  if (!flag.list) return single(given.at(-1) ?? "");
  // Texts may hold commas themselves (paths, prompts); choices and numbers cannot.
  const commas = flag.choices !== undefined || !flag.types.includes("string");
  return given.flatMap((text) => listed(text) ?? (commas ? parts(text) : [text])).map(single);
}

/** The items of a list as Python writes it, which alpaca-lora's users do: `[q_proj,v_proj]`, `['q_proj', 'v_proj']`. */
function listed(text: string): string[] | undefined {
  const inside = /^\s*(?:\[(.*)\]|\((.*)\))\s*$/s.exec(text);
  if (inside === null) return undefined;
  return parts(inside[1] ?? inside[2] ?? "").map((part) => part.replace(/^(["'])(.*)\1$/s, "$2"));
}

function parts(text: string): string[] {
  return text.split(",").map((part) => part.trim()).filter(Boolean);
}

function readScalar(flag: Flag, text: string, messages: Messages): unknown {
  const number = text.trim() === "" ? NaN : Number(text);
  const asNumber = flag.types.includes("number") && !Number.isNaN(number);
  if (flag.choices !== undefined) {
    const found = flag.choices.find((choice) => choice === text || (asNumber && choice === number));
    if (found !== undefined) return found;
    throw new UsageError(messages.wantsOneOf(`--${flag.name}`, flag.choices.join(", "), text));
  }
  if (asNumber) return number;
  if (flag.types.includes("string")) return text;
  if (flag.types.includes("boolean")) return readSwitch(`--${flag.name}`, text, messages);
  throw new UsageError(messages.wantsNumber(`--${flag.name}`, text || '""'));
}
