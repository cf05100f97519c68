import { assertAlmostEquals } from "@std/assert";
import { chrF, rougeL } from "../../../datasets/evaluation/overlap.ts";
import goldens from "./goldens/overlap.json" with { type: "json" };

Deno.test("rougeL() and chrF() agree with rouge-score and sacrebleu on characters, Chinese, English and random", () => {
  for (const { answer, reference, ...wanted } of goldens) {
    const pair = `${JSON.stringify(answer)} against ${JSON.stringify(reference)}`;
    assertAlmostEquals(rougeL(answer, reference), wanted.rougeL, 1e-9, `ROUGE-L of ${pair}`);
    assertAlmostEquals(chrF(answer, reference), wanted.chrF, 1e-9, `chrF of ${pair}`);
  }
});
