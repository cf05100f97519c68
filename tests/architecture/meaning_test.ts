// What the guard of stage versions takes for a change of code (meaning.ts).
import { assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { join } from "@std/path";
import { readMeanings, scriptTokens, shaderTokens } from "./meaning.ts";

/** What each of the texts means as a file with the extension. */
async function meaningsOf(extension: string, texts: readonly string[]): Promise<string[]> {
  const folder = await Deno.makeTempDir({ prefix: "vicuna-test-" });
  try {
    await Deno.mkdir(join(folder, "deep"));
    const files = texts.map((_, i) => `deep/file_${i}.${extension}`);
    for (const [i, file] of files.entries()) await Deno.writeTextFile(join(folder, file), texts[i]!);
    const meanings = await readMeanings(files, folder);
    return files.map((file) => meanings.get(file)!);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("a comment, a reformatting, a type and an import of types change nothing of what TypeScript means; code does", async () => {
  const [plain, ...others] = await meaningsOf("ts", [
    "export function f(a, b) { return { sum: a + b, list: [a, b] }; }\n",
    "// Adds.\nexport function f(a, b) { /* both */ return { sum: a + b, list: [a, b] }; } // done\n",
    "/** Adds. */\nexport function f(\n  a,\n  b,\n) {\n  return {\n    sum: a + b,\n    list: [a, b],\n  }\n}",
    'import type { T } from "./t.ts";\nexport interface I { x: T }\nexport function f(a: number, b?: number): I { ' +
    "return { sum: a + b!, list: [a, b] as const } as unknown as I; }",
  ]);
  for (const other of others) assertEquals(other, plain);
  const changed = await meaningsOf("ts", [
    "export function f(a, b) { return { sum: a - b, list: [a, b] }; }",
    "export function f(a, b) { return { sum: a + b, list: [b, a] }; }",
    "export function f(a, b = 0) { return { sum: a + b, list: [a, b] }; }",
    'import "./t.ts"; export function f(a, b) { return { sum: a + b, list: [a, b] }; }',
  ]);
  for (const other of changed) assertNotEquals(other, plain);
});

Deno.test("a comment and white space change nothing of what a shader means; an operator and a directive do", async () => {
  const [plain, ...others] = await meaningsOf("wgsl", [
    "fn main() {\n  //% for i in 0..N\n  y[{{i}}] = a + b;\n  //% end\n}",
    "// Adds.\nfn main() { /* all\n of them */\n//%  for i in 0..N\n  y[ {{i}} ]=a+b; // one\n//% end\n}\n",
  ]);
  assertEquals(others, [plain]);
  assertNotEquals(shaderTokens("y = a - b;"), shaderTokens("y = a + b;"));
  assertNotEquals(shaderTokens("//% for i in 0..N"), shaderTokens("//% for i in 1..N"));
  assertNotEquals(shaderTokens("//% if A\nx\n//% end"), shaderTokens("x"));
});

Deno.test("every byte of another file counts", async () => {
  const [one, two, three] = await meaningsOf("tsv", ["a\tb // c", "a\tb", "a b"]);
  assertEquals(new Set([one, two, three]).size, 3);
});

Deno.test("scriptTokens() tells comments from strings, templates, regular expressions and divisions", () => {
  const tokens = (code: string) => scriptTokens(code, "file.ts");
  assertEquals(tokens('a = "// no"; // yes'), ["a", "=", '"// no"', ";"]);
  assertEquals(tokens("`x // ${ a /* c */ + `y${b}` } /* no */`"), [
    ..."`x // ,a,+,`y,b,},`,},` /* no */".split(","),
  ]);
  assertEquals(tokens("a / b; /[/*]'/g.test(c) /* d */ / 2;"), [
    ..."a,/,b,;,/[/*]'/g,.,test,(,c,),/,2,;".split(","),
  ]);
  assertEquals(tokens("return /x/; a.return / x / 2"), [..."return,/x/,;,a,.,return,/,x,/,2".split(",")]);
  assertEquals(tokens("a++ + b !== 1e-3 ?? #c"), [..."a,++,+,b,!==,1e-3,??,#c".split(",")]);
  assertNotEquals(tokens("a + ++b"), tokens("a++ + b"));
  assertThrows(() => tokens("`open ${ a"), Error, "cannot make out");
});
