import { parseArgs } from "@std/cli/parse-args";

/** Languages in which the command line speaks. */
export const LANGUAGES = ["en", "zh"] as const;

/** One of the languages. */
export type Language = (typeof LANGUAGES)[number];

/**
 * The language to speak: that of `--lang` if it is given, else of the locale (LC_ALL, LC_MESSAGES, LANG). Looked for
 * before anything else is parsed, so that faults of the other arguments are told in it.
 */
export function detectLanguage(
  args: readonly string[],
  env: (name: string) => string | undefined = (name) => Deno.env.get(name),
): Language {
  const given = parseArgs([...args], { string: ["lang"] })["lang"];
  const named = LANGUAGES.find((language) => language === given);
  if (named !== undefined) return named;
  const locale = (env("LC_ALL") || env("LC_MESSAGES") || env("LANG") || "").toLowerCase();
  return LANGUAGES.find((language) => locale.startsWith(language)) ?? "en";
}
