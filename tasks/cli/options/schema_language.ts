import { z } from "zod";
import type { Language } from "../language.ts";

/** Makes the messages of schemas speak a language. */
export function useLanguageOfSchemas(language: Language): void {
  if (language === "zh") z.config(z.locales.zhCN());
}
