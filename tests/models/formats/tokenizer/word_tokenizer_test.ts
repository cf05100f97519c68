import { assert, assertEquals, assertThrows } from "@std/assert";
import { join } from "@std/path";
import { buildWordTokenizer } from "../../../../models/formats/tokenizer/word_tokenizer.ts";
import { loadTokenizer, type Tokenizer } from "../../../../models/tokenizer/tokenizer.ts";
import { withFolder } from "../../../datasets/testing.ts";

const text =
  "apple = 苹果\n“apple” 苹果\nThe apple is red. The pear is red.\npear 梨 lí 12+30=42\npear pineapple 梨 lí 05678934\n### ###";
const options = { texts: [text, text], size: 600, words: ["苹果", "12", "30"], spaced: ["is", "The", "a", "missing"] };

async function withTokenizer(use: (tokenizer: Tokenizer, pieces: (text: string) => string[]) => void): Promise<void> {
  await withFolder(async (directory) => {
    const json = buildWordTokenizer(options);
    assertEquals(buildWordTokenizer(options), json);
    Deno.writeTextFileSync(join(directory, "tokenizer.json"), json);
    using tokenizer = await loadTokenizer(directory);
    const names = new Map(Object.entries(JSON.parse(json).model.vocab).map(([piece, id]) => [id, piece]));
    use(tokenizer, (text) => Array.from(tokenizer.encode(text, 100), (id) => names.get(id)!));
  });
}

Deno.test("buildWordTokenizer() gives a word one id wherever it stands, and a space its own", async () => {
  await withTokenizer((_, pieces) => {
    assertEquals(pieces("apple “apple”\napple"), ["▁", "apple", "▁", "“", "apple", "”", "<0x0A>", "apple"]);
    assertEquals(pieces("pineapple"), ["▁", "pineapple"]);
  });
});

Deno.test("buildWordTokenizer() joins chosen words with the space before them", async () => {
  await withTokenizer((_, pieces) =>
    assertEquals(pieces("The pear is a pear"), ["▁The", "▁", "pear", "▁is", "▁a", "▁", "pear"])
  );
});

Deno.test("buildWordTokenizer() makes one piece of the words that it is told, other digits and characters stay single", async () => {
  await withTokenizer((_, pieces) => assertEquals(pieces("12苹果34梨果"), ["▁", "12", "苹果", "3", "4", "梨", "果"]));
});

Deno.test("buildWordTokenizer() keeps every text, whatever it is made of", async () => {
  await withTokenizer((tokenizer) => {
    for (
      const each of [
        "",
        " ",
        "  a  b ",
        "\u200b​zero\u200dwidth\ufeff",
        "零宽\u2060字",
        "😀\r\n\t語 ḿ",
        "</s> <s>",
        "▁ is",
      ]
    ) {
      const ids = tokenizer.encode(each, 200);
      assertEquals(tokenizer.decode([...ids]), each.replaceAll("▁", " "), JSON.stringify(each));
      assert(Array.from(ids).every((id) => id > 2), "control ids come from no text");
    }
  });
});

Deno.test("buildWordTokenizer() says when there is no room", () => {
  assertThrows(() => buildWordTokenizer({ ...options, size: 280 }), RangeError, "leave no room for words");
});
