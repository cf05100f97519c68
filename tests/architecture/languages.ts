// Where texts in another language than English may stand, and code that asks for a language.

/** A catalogue: what a place says in one language, or a part of it, such as `zh_data.ts`. */
const CATALOGUE = /(^|\/)messages\/[a-z]{2}(_\w+)?\.ts$/;

/** Places with Chinese that is no text for the person who reads the help, and why. */
const EXCEPTIONS: Readonly<Record<string, string>> = {
  "datasets/embedded/": "the words and sentences that the small base learns",
  "datasets/evaluation/": "prompts and subjects of the benchmarks",
  "datasets/formats/lccc.ts": "what the published rows look like",
  "examples/": "a pipeline file of a user's gives its own translations",
  "models/formats/tokenizer/byte_level_tokenizer.ts": "what published tokenizers' expressions match",
  "pipeline/stages/training/curve.ts": "a result: it says all in both languages, since a file has no reader's language",
  "pipeline/stages/evaluation/": "a result, as the curve is",
  "tasks/bench/synthetic_rows.ts": "made-up rows to measure with",
  "tasks/serve/page/app.tsx": "the seal",
  "tasks/serve/page/talk/samples.ts": "sample instructions, which are sent to the model",
};

/** What is wrong with a file of the product in this respect, a line each. */
export function languageFaults(file: string, text: string): string[] {
  if (CATALOGUE.test(file)) return [];
  const faults = text.split("\n").flatMap((line, i) => {
    const asks = /[!=]==?\s*["'](zh|en)["']|["'](zh|en)["']\s*[!=]==?|case ["'](zh|en)["']/.test(line);
    return asks ? [`${file}:${i + 1} compares a language: what differs by language belongs in a catalogue`] : [];
  });
  const found = text.split("\n").findIndex((line) => /\p{Script=Han}/u.test(line));
  const excepted = Object.keys(EXCEPTIONS).some((place) => file.startsWith(place));
  if (found >= 0 && !excepted) faults.push(`${file}:${found + 1} has Chinese: texts belong in messages/zh.ts`);
  return faults;
}

/** Exceptions that no file needs any more. */
export function needlessExceptions(texts: ReadonlyMap<string, string>): string[] {
  return Object.keys(EXCEPTIONS).filter((place) =>
    ![...texts].some(([file, text]) => file.startsWith(place) && /\p{Script=Han}/u.test(text))
  );
}

/** Catalogues that are missing where there are others, of a language or of a part that other languages have. */
export function missingCatalogues(files: readonly string[], languages: readonly string[]): string[] {
  const places = new Set(
    files.filter((file) => CATALOGUE.test(file)).map((file) => file.replace(/[a-z]{2}(\w*\.ts)$/, "*$1")),
  );
  return [...places].flatMap((place) =>
    languages.map((language) => place.replace("*", language)).filter((file) => !files.includes(file))
  );
}
