import { z } from "zod";
import { OPTION_SHAPES } from "../../../pipeline/stages/messages/option_shapes.ts";
import { STAGE_TEXTS } from "../../../pipeline/stages/messages/messages.ts";
import { flagsOf, type OptionTexts } from "./flags.ts";
import type { Language } from "../language.ts";

/**
 * What options say in a language: those that have the words of a stage's option have its translation, and the others stay
 * in English. So an option that a pipeline takes from a stage under a name of its own is translated, and one of the user's
 * that has a stage's name alone is not.
 */
export function translated<Schema extends z.ZodObject>(schema: Schema, language: Language): OptionTexts<Schema> {
  const known = translationsIn(language);
  const texts = flagsOf(schema).map(({ field, description }) => [field, known.get(description) ?? description]);
  return Object.fromEntries(texts) as OptionTexts<Schema>;
}

/** The translations of all options of stages, by their English texts. */
function translationsIn(language: Language): ReadonlyMap<string, string> {
  const catalogue: Readonly<Record<string, Readonly<Record<string, string>>>> = STAGE_TEXTS[language] ?? {};
  return new Map(
    Object.entries(catalogue).flatMap(([shape, texts]) =>
      flagsOf(z.object(OPTION_SHAPES[shape as keyof typeof OPTION_SHAPES]))
        .map(({ field, description }) => [description, texts[field] ?? description] as const)
    ),
  );
}
