import { assertEquals, assertStringIncludes } from "@std/assert";
import { z } from "zod";
import { loraOptions, pipeline, trainOptions } from "../../../../mod.ts";
import { describedIn, optionTextsIn } from "../../../../tasks/cli/options/pipeline_texts.ts";
import { translated } from "../../../../tasks/cli/options/translated.ts";

const own = pipeline({
  description: "Tries.",
  translations: { zh: { description: "尝试。", options: { words: "词表" } } },
  options: z.object({
    words: z.string().describe("file of words"),
    passes: trainOptions.epochs,
    loraRank: loraOptions.loraRank.describe("rank of mine"),
    layers: z.number().default(1).describe("layers of paint"),
  }),
  build: () => ({}),
});

Deno.test("a pipeline says of itself what its translation says, and English without one", () => {
  assertEquals([describedIn(own, "zh"), describedIn(own, "en")], ["尝试。", "Tries."]);
  const { translations: _, ...plain } = own;
  assertEquals(describedIn(plain as typeof own, "zh"), "Tries.");
});

Deno.test("an option says its own translation, then that of a stage's words whatever its name, else English", () => {
  const epochs = translated(z.object({ epochs: trainOptions.epochs }), "zh").epochs;
  assertStringIncludes(epochs, "轮数");
  assertEquals(optionTextsIn(own, "zh"), {
    words: "词表",
    passes: epochs,
    loraRank: "rank of mine",
    layers: "layers of paint",
  });
  assertEquals(optionTextsIn(own, "en"), {
    words: "file of words",
    passes: "passes over the training rows",
    loraRank: "rank of mine",
    layers: "layers of paint",
  });
});
