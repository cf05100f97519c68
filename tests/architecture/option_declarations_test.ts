// An option is declared once: a stage's shape has its range, default and texts, and recipes and tasks take them from there.
import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import * as vicuna from "../../mod.ts";
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

/** The Chinese texts of the options in a file. */
function chineseIn(text: string): string[] {
  return [...text.matchAll(/\.meta\(\s*\{\s*zh:\s*("(?:\\.|[^"\\])*"|'[^']*'|`[^`]*`)/g)].map(([, zh]) => zh!);
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

Deno.test("the Chinese text of an option stands once", () => {
  const texts = sources.flatMap(({ text }) => chineseIn(text));
  assert(texts.length > 100, `${texts.length}`);
  assertEquals(repeated(texts), []);
});

Deno.test("these checks see what they look for", () => {
  const text =
    `a: z.number(),\n  b: z\n    .string().meta({ zh: "一" }), c: shape.c, { d: z.int().meta({\n zh: '一', x: 1 }) }`;
  assertEquals(withoutComments("/** a: z.b */\nc\n// d: z.e\n"), "\nc\n\n");
  assertEquals(declaredIn(text), ["a", "b", "d"]);
  assertEquals(chineseIn(text), ['"一"', "'一'"]);
  assertEquals(repeated(["一", "二", "一"]), ["一"]);
});
