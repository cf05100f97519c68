// How byte-level tokenizers split text: byte_level_tokenizer.ts, by the names that GGUF files have for it.
import { assertEquals } from "@std/assert";
import {
  byteLevelTokenizer,
  SPLITTING_NAMES,
  splittingBySteps,
  splittingNamed,
  splittingSteps,
  stepsOf,
} from "../../../models/formats/tokenizer/byte_level_tokenizer.ts";
import { loadLibraryEncoder } from "../../../models/tokenizer/library_encoder.ts";

const split = (Regex: string) => ({ type: "Split", pattern: { Regex }, behavior: "Isolated", invert: false });
const byteLevel = (use_regex: boolean) => ({
  type: "ByteLevel",
  add_prefix_space: false,
  trim_offsets: true,
  use_regex,
});
const sequence = (...pretokenizers: unknown[]) => ({ type: "Sequence", pretokenizers });

Deno.test("pre-tokenizers of published models have llama.cpp's names", () => {
  const cases: Record<string, unknown> = {
    "gpt-2": byteLevel(true),
    "smollm": sequence({ type: "Digits", individual_digits: true }, byteLevel(true)),
    // The files of DeepSeek have line ends themselves in their expressions.
    "deepseek-coder": sequence(
      ...["[\r\n]", "\\s?\\p{L}+", "\\s?\\p{P}+", "[一-龥ࠀ-一가-퟿]+"].map(split),
      { type: "Digits", individual_digits: true },
      byteLevel(false),
    ),
    "deepseek-v3": sequence(
      ...stepsOf("deepseek-v3").map((step) => split(step.replaceAll("\\r", "\r").replaceAll("\\n", "\n"))),
      byteLevel(false),
    ),
    "llama-bpe": sequence(split(stepsOf("llama-bpe")[0]!), byteLevel(false)),
  };
  for (const [name, preTokenizer] of Object.entries(cases)) {
    assertEquals(splittingBySteps(splittingSteps(preTokenizer)), name);
  }
  assertEquals(splittingBySteps(splittingSteps(sequence(split("x"), byteLevel(false)))), undefined);
});

Deno.test("other names for the same are read, and an unknown one is none", () => {
  const names = ["default", "llama3", "llama-v3", "smollm", "deepseek-r1-qwen", "made-up"].map(splittingNamed);
  assertEquals(names, ["gpt-2", "llama-bpe", "llama-bpe", "smollm", "qwen2", undefined]);
});

const alphabet = [..."ab19Ġ!", ..."Ċé"];

for (const name of SPLITTING_NAMES) {
  Deno.test(`a tokenizer that splits text as ${name} is written, read again and loaded`, async () => {
    const file = byteLevelTokenizer({
      vocabulary: [...alphabet, "11", "a1", "Ġa", "aa"].map((text, id) => ({ id, text })),
      merges: ["1 1", "a 1", "Ġ a", "a a"],
      added: [],
      splitting: name,
    }) as { pre_tokenizer: unknown };
    assertEquals(splittingBySteps(splittingSteps(file.pre_tokenizer)), name);
    const encoder = await loadLibraryEncoder(
      "fromJSON",
      new TextEncoder().encode(JSON.stringify(file)),
      "tokenizer.json",
    );
    const id = (text: string) => [...alphabet, "11", "a1", "Ġa", "aa"].indexOf(text);
    // Digits are one by one, or up to three together; a letter and a digit never are.
    const together = ["llama-bpe", "gpt-2", "deepseek-v3"].includes(name);
    assertEquals([...encoder.encode("aa11 a")], [id("aa"), ...together ? [id("11")] : [id("1"), id("1")], id("Ġa")]);
    encoder.dispose();
  });
}
