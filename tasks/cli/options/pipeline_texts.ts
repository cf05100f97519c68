import type { z } from "zod";
import type { AnyPipeline } from "../../../pipeline/core/mod.ts";
import type { OptionTexts } from "./flags.ts";
import type { Language } from "../language.ts";
import { translated } from "./translated.ts";

/** What a pipeline says of itself: its translation into a language if it has one, else its English. */
export function describedIn({ translations, description }: AnyPipeline, language: Language): string | undefined {
  return translations?.[language]?.description ?? description;
}

/** What its options say: its own translation, else that of a stage's option with the same words, else English. */
export function optionTextsIn({ translations, options }: AnyPipeline, language: Language): OptionTexts<z.ZodObject> {
  return { ...translated(options, language), ...translations?.[language]?.options } as OptionTexts<z.ZodObject>;
}
