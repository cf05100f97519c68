// SentencePiece itself on the true LLaMA tokenizer. README.md says how to have it run.
import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { loadTokenizer } from "../../models/tokenizer/tokenizer.ts";
import { sharedData } from "../datasets/testing.ts";
import { llamaTokenizerModel } from "../models/llama_tokenizer.ts";
import { randomText } from "../models/random_text.ts";
import { stringsOf } from "../models/strings_of.ts";
import { inFolder } from "../models/temp_folder.ts";
import { sentencePieceIds, withPython } from "./tools.ts";

const FILES = [
  "alpaca-chinese/alpaca_zh_00000_03252.json",
  "alpaca-chinese/alpaca_zh_03252_06382.json",
  "alpaca-chinese/integer_add_subtract.json",
  "belle/zh_seed_tasks.json",
  "belle/eval_set_first500.json",
  "belle/eval_prompt.json",
  "chinese-vicuna/sample_chat_data_sample.jsonl",
  "chinese-vicuna/sample_instruct_data_sample.jsonl",
];

Deno.test({
  ...withPython("SentencePiece gives our ids for every string of the data and for random Unicode"),
  fn: () =>
    inFolder(async (directory) => {
      const model = join(directory, "tokenizer.model");
      await Deno.writeFile(model, llamaTokenizerModel());
      using tokenizer = await loadTokenizer(directory);
      const paths = FILES.map(sharedData).filter((path) => path !== undefined);
      const random = Array.from({ length: 5000 }, (_, seed) => randomText(seed));
      const texts = [...new Set([...paths.flatMap((path) => [...stringsOf(path)]), ...random])];
      const wanted = await sentencePieceIds(model, texts);
      assertEquals(wanted.length, texts.length);
      for (const [at, text] of texts.entries()) {
        assertEquals([...tokenizer.encode(text)], wanted[at], JSON.stringify(text.slice(0, 200)));
      }
      assert(texts.length > (paths.length > 0 ? 15_000 : 4_000), `${texts.length} texts`);
    }),
});
