// Language and colours: as the browser wants them until the person says otherwise.
import { isLanguage, type Language, type Messages, messagesIn } from "../messages/messages.ts";
import { recall, remember } from "./remember.ts";
import { Store, useStore } from "./store.ts";

/** Light or dark. */
export type Theme = "light" | "dark";

const dark = matchMedia("(prefers-color-scheme: dark)");

const isTheme = (value: unknown): value is Theme => value === "light" || value === "dark";

/** The first language of the browser that the page speaks. */
function browserLanguage(): Language {
  const spoken = navigator.languages.map((each) => each.slice(0, 2).toLowerCase()).find(isLanguage);
  return spoken ?? "en";
}

/** The language of the page. */
export const language: Store<Language> = new Store(recall("language", isLanguage) ?? browserLanguage());
/** The colours of the page. */
export const theme: Store<Theme> = new Store(recall("theme", isTheme) ?? (dark.matches ? "dark" : "light"));

dark.addEventListener("change", () => {
  if (recall("theme", isTheme) === undefined) theme.set(dark.matches ? "dark" : "light");
});

function apply(): void {
  const root = document.documentElement;
  root.lang = messagesIn(language.value).language.tag;
  root.dataset["theme"] = theme.value;
}
language.subscribe(apply);
theme.subscribe(apply);
apply();

/** Changes the language and keeps it. */
export function chooseLanguage(chosen: Language): void {
  remember("language", chosen);
  language.set(chosen);
}

/** Changes the colours and keeps them. */
export function chooseTheme(chosen: Theme): void {
  remember("theme", chosen);
  theme.set(chosen);
}

/** The messages of the page's language. */
export function useMessages(): Messages {
  return messagesIn(useStore(language));
}
