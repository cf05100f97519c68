// Patterns come from files, so they are matched by RE2, whose time is in proportion to the text whatever the pattern.
import { RE2JS } from "re2js";
import { FormatError } from "../error.ts";
import { type LoraTarget, projectionName } from "./lora_names.ts";

/** rank_pattern or alpha_pattern of an adapter_config.json: values by patterns for the paths of modules. */
export type ModulePattern = Readonly<Record<string, number>>;

/** Patterns are short: a module's path or the end of one. */
const MAX_PATTERN_LENGTH = 200;

/**
 * The value that a pattern has for a projection: that of the first key which, as a regular expression, matches the
 * module's path or its end from a dot on (PEFT's rule).
 *
 * @param where file and field, for messages
 * @throws {FormatError} when a key is not a regular expression
 */
export function patternValue(
  pattern: ModulePattern,
  layer: number,
  target: LoraTarget,
  otherwise: number,
  where: string,
): number {
  const module = projectionName(layer, target).replace(/\.weight$/, "");
  for (const [key, value] of Object.entries(pattern)) {
    if (matcher(key, where).matches(module)) return value;
  }
  return otherwise;
}

function matcher(key: string, where: string): RE2JS {
  if (key.length > MAX_PATTERN_LENGTH) {
    throw new FormatError(`${where}: a key has ${key.length} characters; wanted at most ${MAX_PATTERN_LENGTH}`);
  }
  try {
    return RE2JS.compile(`^(?:.*\\.)?(?:${key})$`);
  } catch {
    throw new FormatError(
      `${where}: ${JSON.stringify(key)} is not a pattern for modules: wanted a regular expression without lookaround ` +
        "and references back",
    );
  }
}
