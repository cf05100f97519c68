import { z } from "zod";
import type { Language } from "../language.ts";
import { messagesIn } from "../messages.ts";

/** Makes the messages of schemas speak a language. */
export function useLanguageOfSchemas(language: Language): void {
  z.config(messagesIn(language).schemas());
}
