import { ZH } from "./zh.ts";

/** What a recipe says of itself, all of them by name. Chinese is the one that the other languages are held against. */
type RecipeTexts = typeof ZH;

/** The languages of the recipes besides English, which stands in the recipes. */
const CATALOGUES: Readonly<Record<string, RecipeTexts>> = { zh: ZH };

/** What a recipe says of itself, by language. */
export function translationsOf<Name extends keyof RecipeTexts>(
  name: Name,
): Readonly<Record<string, RecipeTexts[Name]>> {
  return Object.fromEntries(Object.entries(CATALOGUES).map(([language, texts]) => [language, texts[name]]));
}
