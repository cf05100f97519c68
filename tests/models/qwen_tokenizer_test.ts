// A tokenizer of Qwen's kind through tokenizer.ts, against the ids of Hugging Face's (goldens/qwen_tokenizer).
import { assert, assertEquals } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { loadTokenizer } from "../../models/tokenizer/tokenizer.ts";
import vectors from "./goldens/qwen_tokenizer/vectors.json" with { type: "json" };

const folder = fromFileUrl(new URL("./goldens/qwen_tokenizer", import.meta.url));

Deno.test("a tokenizer with Qwen's pipeline gives the ids that Hugging Face's gives, and the text back", async () => {
  using tokenizer = await loadTokenizer(folder);
  assert(vectors.length > 20);
  for (const { text, ids, back } of vectors) {
    assertEquals([...tokenizer.encode(text)], ids, JSON.stringify(text));
    assertEquals(tokenizer.decode(ids), back, JSON.stringify(text));
  }
});

Deno.test("Qwen's texts begin with the token that its config.json names, and end with that of tokenizer_config.json", async () => {
  using tokenizer = await loadTokenizer(folder);
  const record = JSON.parse(await Deno.readTextFile(`${folder}/tokenizer.json`));
  const idOf = (content: string) =>
    record.added_tokens.find((token: { content: string }) => token.content === content).id;
  assertEquals([tokenizer.bosId, tokenizer.eosId], [idOf("<|endoftext|>"), idOf("<|im_end|>")]);
  assertEquals(tokenizer.decode([tokenizer.bosId, tokenizer.eosId]), "");
});
