// A further language is a file in each place of messages, and no code elsewhere.
import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { STAGE_TEXTS } from "../../pipeline/stages/messages/messages.ts";
import { translationsOf } from "../../pipeline/recipes/messages/messages.ts";
import { LANGUAGES } from "../../tasks/cli/language.ts";
import { messagesIn } from "../../tasks/serve/page/messages/messages.ts";
import { languageFaults, missingCatalogues, needlessExceptions } from "./languages.ts";
import { readImports, REPOSITORY, sourceFiles } from "./repository.ts";

// The programs among the tests speak to people as well.
const speaking = sourceFiles().filter((file) =>
  !file.startsWith("tests/") || /^tests\/(peers|drivers|ok)\//.test(file)
);

Deno.test("texts for people stand in catalogues, and no code asks which language it is", async () => {
  const texts = new Map(
    await Promise.all(speaking.map(async (file) => [file, await Deno.readTextFile(join(REPOSITORY, file))] as const)),
  );
  assertEquals([...texts].flatMap(([file, text]) => languageFaults(file, text)), []);
  assertEquals(needlessExceptions(texts), []);
});

Deno.test("every place has a catalogue for each language", () => {
  for (const place of ["tasks/doctor", "tasks/cli", "tasks/serve/page", "tests/peers"]) {
    assert(speaking.includes(`${place}/messages/zh.ts`), place);
  }
  // The English of stages and recipes stands in their schemas, as that of a user's pipeline does.
  const inSchemas = ["pipeline/recipes/messages/en.ts", "pipeline/stages/messages/en.ts"];
  assertEquals(missingCatalogues(speaking, LANGUAGES), inSchemas);
});

Deno.test("stages, recipes and the page speak the languages of the command line", () => {
  const others = LANGUAGES.filter((language) => language !== "en");
  assertEquals(Object.keys(STAGE_TEXTS), others);
  assertEquals(Object.keys(translationsOf("quickstart")), others);
  for (const language of LANGUAGES) assert(messagesIn(language).language.name, language);
});

Deno.test("no stage knows its translations: they are in no digest of its code", async () => {
  const imports = await readImports(sourceFiles());
  const knowing = [...imports].filter(([, targets]) =>
    targets.some((file) => file.startsWith("pipeline/stages/messages/"))
  )
    .map(([file]) => file);
  assert(knowing.includes("tasks/cli/options/translated.ts"));
  assertEquals(knowing.filter((file) => !/^(pipeline\/stages\/messages|tasks|tests)\//.test(file)), []);
});

Deno.test("languageFaults() finds Chinese and comparisons outside of catalogues", () => {
  assertEquals(languageFaults("tasks/a/messages/zh.ts", 'export const ZH = { a: "中" };'), []);
  assertEquals(languageFaults("tasks/a/messages/zh_data.ts", 'export const ZH = { a: "中" };'), []);
  assertEquals(languageFaults("tasks/a.ts", 'import "./a/messages.ts";\nconsole.log("plain");'), []);
  assertEquals(languageFaults("datasets/embedded/words.ts", 'const word = "中";'), []);
  assertEquals(languageFaults("tasks/a.ts", '\nconst a = language === "zh" ? "中" : "a";'), [
    "tasks/a.ts:2 compares a language: what differs by language belongs in a catalogue",
    "tasks/a.ts:2 has Chinese: texts belong in messages/zh.ts",
  ]);
  assertEquals(languageFaults("datasets/embedded/words.ts", 'if ("en" !== spoken) return;').length, 1);
});

Deno.test("missingCatalogues() names the file that a place lacks", () => {
  const files = ["a/messages/en.ts", "a/messages/zh.ts", "b/messages/zh.ts", "b/c.ts", "a/messages/en_rows.ts"];
  assertEquals(missingCatalogues(files, ["en", "zh"]), ["b/messages/en.ts", "a/messages/zh_rows.ts"]);
});
