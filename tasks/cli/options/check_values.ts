import type { z } from "zod";
import { kebabCase } from "./flags.ts";
import type { Language } from "../language.ts";
import { type Messages, messagesIn } from "../messages.ts";
import { useLanguageOfSchemas } from "./schema_language.ts";
import { UsageError } from "../usage_error.ts";

/** What a schema says of a value that does not fit: its path, a message, and more by the sort of the fault. */
export interface Issue {
  readonly path: readonly PropertyKey[];
  readonly message: string;
  readonly code?: string | undefined;
  readonly minimum?: unknown;
  readonly maximum?: unknown;
  readonly inclusive?: boolean | undefined;
  readonly expected?: unknown;
}

/**
 * Checks the values that were given for flags, and fills in defaults.
 *
 * @throws {UsageError} with a line for each that does not fit: which flag, what it wants, what was found
 */
export function checkValues<Schema extends z.ZodType>(
  schema: Schema,
  values: Readonly<Record<string, unknown>>,
  task: string,
  language: Language,
): z.output<Schema> {
  useLanguageOfSchemas(language);
  const checked = schema.safeParse(values);
  if (checked.success) return checked.data;
  const messages = messagesIn(language);
  const lines = checked.error.issues.map((issue) => describeIssue(issue, values, messages));
  throw new UsageError(`${lines.join("\n")}\n${messages.seeHelp(task)}`);
}

/** A fault in terms of the flag that the user knows: `--epochs wants at least 1, found 0`. */
export function describeIssue(issue: Issue, values: Readonly<Record<string, unknown>>, messages: Messages): string {
  const { path } = issue;
  if (typeof path[0] !== "string") return issue.message;
  const flag = `--${kebabCase(path[0])}`;
  if (values[path[0]] === undefined) return messages.missingFlag(flag);
  const found = path.reduce<unknown>(
    (value, key) => (value as Record<PropertyKey, unknown> | undefined)?.[key],
    values,
  );
  const shown = JSON.stringify(found) ?? "";
  const wanted = wantedBy(issue, typeof found === "number", messages);
  return wanted === undefined ? `${flag}: ${issue.message} (${shown})` : messages.wants(flag, wanted, shown);
}

function wantedBy(issue: Issue, isNumber: boolean, messages: Messages): string | undefined {
  const { code, minimum, maximum, inclusive, expected } = issue;
  if (code === "invalid_type" && expected === "int") return messages.wholeNumber;
  if (code === "too_small" && isNumber) {
    return inclusive ? messages.atLeast(`${minimum}`) : messages.above(`${minimum}`);
  }
  if (code === "too_big" && isNumber) return inclusive ? messages.atMost(`${maximum}`) : messages.below(`${maximum}`);
  return undefined;
}
