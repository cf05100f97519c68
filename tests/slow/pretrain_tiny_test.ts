// Parts of the pretraining of models/vicuna-tiny, for `deno task test-all`.
import made from "../pipeline/recipes/pretrain_tiny.json" with { type: "json" };
import { assertPart } from "../pipeline/recipes/pretrain_part.ts";

Deno.test("pretrain_tiny from nothing for an eightieth of its steps", () => assertPart(made.parts[1]!));

Deno.test("pretrain_tiny from nothing: text, tokenizer and windows of the committed model, and the first of its steps", () =>
  assertPart(made.parts[0]!));
