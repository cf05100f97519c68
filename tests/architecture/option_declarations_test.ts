// An option is declared once: a stage's shape has its range, default and texts, and recipes and tasks take them from there.
import { assert, assertEquals } from "@std/assert";
import { join, toFileUrl } from "@std/path";
import * as vicuna from "../../mod.ts";
import { STAGE_TEXTS } from "../../pipeline/stages/messages/messages.ts";
import { OPTION_SHAPES } from "../../pipeline/stages/messages/option_shapes.ts";
import type { Language } from "../../tasks/cli/language.ts";
import { flagsOf } from "../../tasks/cli/options/flags.ts";
import { optionTextsIn } from "../../tasks/cli/options/pipeline_texts.ts";
import { translated } from "../../tasks/cli/options/translated.ts";
import { REPOSITORY, sourceFiles } from "./repository.ts";

const sources = sourceFiles().filter((file) => !file.startsWith("tests/"))
  .map((file) => ({ file, text: withoutComments(Deno.readTextFileSync(join(REPOSITORY, file))) }));

/** Docstrings have examples. */
function withoutComments(text: string): string {
  return text.replace(/\/\*\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, "");
}

/** Names of the properties that a text declares by an expression of zod: `epochs: z.number()`. */
function declaredIn(text: string): string[] {
  return [...text.matchAll(/(?:^|[{,])\s*(\w+):\s*z\s*\./gm)].map(([, name]) => name!);
}

/** Those that come up more than once. */
function repeated(texts: readonly string[]): string[] {
  return texts.filter((text, at) => texts.indexOf(text) !== at);
}

/** The names that a stage can be told. */
function namesOf({ spec }: { readonly spec: typeof vicuna.train.spec }): string[] {
  return [...Object.keys(spec.params.shape), ...Object.keys(spec.settings.shape)];
}

const stages = Object.values(vicuna).filter((value) => typeof value === "function" && "spec" in value);

Deno.test("each param and setting of a training is declared in one file", () => {
  const files = new Map<string, string[]>();
  for (const { file, text } of sources.filter(({ file }) => file.startsWith("pipeline/"))) {
    for (const name of declaredIn(text)) files.set(name, [...files.get(name) ?? [], file]);
  }
  const names = new Set([...namesOf(vicuna.train), ...namesOf(vicuna.trainFull), ...Object.keys(vicuna.loraOptions)]);
  // Every stage that draws has a seed of its own; two arguments are made in files of theirs, of flags.
  const elsewhere = ["seed", "lora", "earlyStopping"];
  const counts = [...names].filter((name) => !elsewhere.includes(name)).map((name) => [name, files.get(name)?.length]);
  assert(counts.length > 20, `${counts}`);
  assertEquals(counts.filter(([, count]) => count !== 1), []);
});

Deno.test("no recipe declares what a stage declares", () => {
  const known = new Set([...stages.flatMap(namesOf), ...Object.keys(vicuna.loraOptions)]);
  for (const name of Object.keys(vicuna.inputOptions)) known.add(name);
  assert(["epochs", "loraRank", "bits", "data", "template", "vocabularySize"].every((name) => known.has(name)));
  const found = sources.filter(({ file }) => file.startsWith("pipeline/recipes/"))
    .flatMap(({ file, text }) => declaredIn(text).filter((name) => known.has(name)).map((name) => `${file}: ${name}`));
  assertEquals(found, []);
});

Deno.test("the types of a stage's params come of its schemas: no interface restates them", () => {
  const params = sources.filter(({ file }) => file.startsWith("pipeline/stages/"))
    .flatMap(({ text }) => [...text.matchAll(/^export (\w+) \w+Params\b/gm)].map(([, word]) => word));
  assert(params.length > 10, `${params}`);
  assertEquals(params.filter((word) => word !== "type" && word !== "const"), []);
});

Deno.test("every option that a stage offers to pipelines has its text in each language, and each text stands once", () => {
  const shapes = new Set(Object.values(OPTION_SHAPES).flatMap((shape) => Object.values<unknown>(shape)));
  const offered = Object.entries(vicuna).filter(([name]) => /^[a-z]\w*(Options|Settings)$/.test(name));
  assert(offered.length > 12, `${offered.length}`);
  for (const [name, shape] of offered) {
    for (const [option, schema] of Object.entries(shape)) {
      // What training all weights does not have its own words for, any training has.
      const known = shapes.has(schema) || (name === "trainFullOptions" && option in vicuna.trainOptions);
      assert(known, `pipeline/stages/messages/option_shapes.ts lacks ${name}.${option}`);
    }
  }
  for (const texts of Object.values(STAGE_TEXTS)) {
    assertEquals(repeated(Object.values(texts).flatMap((shape) => Object.values(shape))), []);
  }
});

Deno.test("every option of a recipe has a text in each language, its own where its English is its own", async () => {
  const recipes = sources.filter(({ file }) => /^pipeline\/recipes\/\w+\.ts$/.test(file));
  assert(recipes.length >= 5, `${recipes.length}`);
  for (const { file } of recipes) {
    const { default: recipe } = await import(toFileUrl(join(REPOSITORY, file)).href) as { default: vicuna.AnyPipeline };
    for (const language of Object.keys(STAGE_TEXTS)) {
      const { description, options = {} } = recipe.translations?.[language] ?? {};
      assert(
        description !== undefined && description !== recipe.description,
        `${file} describes itself in ${language}`,
      );
      const texts: Readonly<Record<string, string>> = optionTextsIn(recipe, language as Language);
      const ofStages: Readonly<Record<string, string>> = translated(recipe.options, language as Language);
      const flags = flagsOf(recipe.options);
      assertEquals(flags.filter((flag) => texts[flag.field] === flag.description).map(({ field }) => field), [], file);
      const own = flags.filter((flag) => ofStages[flag.field] === flag.description).map(({ field }) => field);
      assertEquals(Object.keys(options).toSorted(), own.toSorted(), file);
    }
  }
});

Deno.test("these checks see what they look for", () => {
  const text = "a: z.number(),\n  b: z\n    .string(), c: shape.c, { d: z.int() }";
  assertEquals(withoutComments("/** a: z.b */\nc\n// d: z.e\n"), "\nc\n\n");
  assertEquals(declaredIn(text), ["a", "b", "d"]);
  assertEquals(repeated(["一", "二", "一"]), ["一"]);
});
