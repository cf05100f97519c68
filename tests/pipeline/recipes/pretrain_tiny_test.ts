import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { readConfig } from "../../../models/formats/config.ts";
import { loadTokenizer } from "../../../models/tokenizer/tokenizer.ts";
import { committed, sha256 } from "./pretrain_part.ts";
import made from "./pretrain_tiny.json" with { type: "json" };

Deno.test("the committed model is what its card says, and loads like any model", async () => {
  const card = Deno.readTextFileSync(join(committed, "README.md"));
  for (const name of ["config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"]) {
    assert(card.includes(sha256(join(committed, name))), `${name} has another digest than its card says`);
  }
  const config = await readConfig(committed);
  using tokenizer = await loadTokenizer(committed);
  assertEquals(tokenizer.vocabularySize, made.vocabularySize);
  assertEquals([config.layers, config.hiddenSize, config.vocabularySize], [4, 128, 4000]);
  const bytes = [...Deno.readDirSync(committed)].reduce(
    (sum, { name }) => sum + Deno.statSync(join(committed, name)).size,
    0,
  );
  assert(bytes < 6_000_000, `${bytes}`);
});
