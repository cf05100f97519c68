import { assert, assertAlmostEquals, assertEquals, assertGreater } from "@std/assert";
import { join } from "@std/path";
import { BENCH_CONFIGS } from "../../../tasks/bench/configs.ts";
import { CARDS } from "../../../tasks/card_model/cards.ts";
import { EN } from "../../../tasks/card_model/messages/en.ts";
import { estimateCard } from "../../../tasks/card_model/model.ts";
import { STATISTICS } from "../../../tasks/card_model/statistics.ts";
import { stepWork } from "../../../tasks/card_model/step_work.ts";
import { decodeRows, markdown, stepRows } from "../../../tasks/card_model/tables.ts";
import { shaderDigest } from "../../../tasks/shader_stats/launches/shaders.ts";
import { REPOSITORY } from "../../architecture/repository.ts";

const { model: config } = BENCH_CONFIGS["llama-7b"];
const cards = CARDS.map(estimateCard);

Deno.test("a step's products are those of LLaMA-7B forward and backward, and again of what is recomputed", () => {
  const adds = (recomputed: number) =>
    stepWork({ config, tokens: 256, recomputed, rank: 8 }).filter(({ part }) => part === "products")
      .reduce((sum, { multiplyAdds }) => sum + multiplyAdds, 0);
  const layers = 32 * (4 * 4096 * 4096 + 3 * 4096 * 11008), head = 4096 * 32000;
  assertEquals(adds(0), 256 * 2 * (layers + head));
  assertEquals(adds(8), 256 * (2 * (layers + head) + layers / 4));
});

Deno.test("shares add up to the whole, more tokens take longer, and no card is quicker than its bound", () => {
  for (const { steps, decode } of cards) {
    assertEquals(steps.length, 3);
    for (const [i, step] of steps.entries()) {
      assertAlmostEquals(Object.values(step.shares).reduce((a, b) => a + b), 1, 1e-9);
      assert(step.ofBound < 1, `${step.ofBound}`);
      if (i > 0) assertGreater(step.seconds, steps[i - 1]!.seconds);
    }
    assert(decode.share <= 1);
  }
});

Deno.test("the tables of docs/card_model.md are those that card-model prints", () => {
  const text = Deno.readTextFileSync(join(REPOSITORY, "docs/card_model.md"));
  assert(text.includes(markdown(EN.columns, stepRows(cards, EN))), "the steps differ");
  assert(text.includes(markdown(EN.decodeColumns, decodeRows(cards))), "the tokens differ");
  assert(text.includes(`Kernels: \`${STATISTICS.digest}\``));
  const now = shaderDigest();
  if (now !== STATISTICS.digest) {
    console.log(
      `the kernels have changed since tasks/card_model/statistics.json: ${STATISTICS.digest} there, ${now} now`,
    );
  }
});
