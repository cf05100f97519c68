// A family costs one entry of the table: whoever else asks for one by its name must be found before that is so no more.
import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { FAMILIES, FAMILY_NAMES, familyOfGguf } from "../../models/families.ts";
import { REPOSITORY, sourceFiles } from "../architecture/repository.ts";

/** Files that use these words for something else: kinds of tokenizers, which GGUF files name like the models that had them first. */
const TOKENIZERS = [
  "models/formats/tokenizer/byte_level_tokenizer.ts",
  "models/formats/gguf/gguf_tokenizer.ts",
  "models/formats/gguf/gguf_tokenizer_files.ts",
];

const words = [
  ...new Set(FAMILY_NAMES.flatMap((name) => [name, FAMILIES[name].architecture, FAMILIES[name].gguf])),
];
/** A word as a whole string, as a key or behind a dot. */
const named = new RegExp(`["'\`](${words.join("|")})["'\`]|\\b(${words.join("|")}):|\\.(${words.join("|")})\\b`);

function namesIn(text: string): string[] {
  const code = text.replaceAll(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, "");
  return code.split("\n").filter((line) => named.test(line));
}

Deno.test("a family is named in models/families.ts and nowhere else in the product", () => {
  const files = sourceFiles().filter((file) => !file.startsWith("tests/"));
  const naming = files.filter((file) => namesIn(Deno.readTextFileSync(join(REPOSITORY, file))).length > 0);
  assertEquals(naming.toSorted(), [...TOKENIZERS, "models/families.ts"].toSorted());
});

Deno.test("the search for names of families finds strings, keys and fields, and passes comments by", () => {
  const found = (code: string) => namesIn(code).length > 0;
  for (const code of ['if (type === "qwen3")', "{ qwen2: 1 }", "FAMILIES.llama", "'LlamaForCausalLM'"]) {
    assert(found(code), code);
  }
  for (const code of ["// as 'llama' does", "/** Of `qwen2`. */", '"llama-7b"', "llamaTensors(config)"]) {
    assert(!found(code), code);
  }
});

Deno.test("every family has the names of its biases and norms, and a GGUF architecture that is read as a family", () => {
  for (const name of FAMILY_NAMES) {
    const { biases, headNorms, names, gguf } = FAMILIES[name];
    for (const target of biases) assert(`self_attn.${target}` in names.layer, `${name} ${target}`);
    assertEquals("self_attn.q_norm" in names.layer, headNorms, name);
    assertEquals(new Set(Object.values(names.layer)).size, Object.keys(names.layer).length, name);
    const read = familyOfGguf(gguf);
    assert(read !== undefined && FAMILIES[read].ggufRotary === FAMILIES[name].ggufRotary, name);
  }
  assertEquals(familyOfGguf("made-up"), undefined);
});
