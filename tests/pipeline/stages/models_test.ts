// Models that are made: their sizes are refused where they are told, by randomModel() and textModel() alike.
import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { inputFolder, PipelineError } from "../../../pipeline/core/mod.ts";
import { dataset, text } from "../../../pipeline/stages/kinds.ts";
import { randomModel } from "../../../pipeline/stages/models.ts";
import { textModel } from "../../../pipeline/stages/text_model.ts";

const folder = { include: () => true, meta: {} };
const makers = {
  random_model: (sizes: object) => randomModel({ data: inputFolder(dataset, "rows", folder as never), ...sizes }),
  text_model: (sizes: object) => textModel({ text: inputFolder(text, "text", folder as never), ...sizes }),
};

for (const [stage, make] of Object.entries(makers)) {
  Deno.test(`${stage} refuses at once heads of a width that cannot be trained, with the sizes that can`, () => {
    const refusal = (sizes: object) => {
      const { message } = assertThrows(() => make(sizes), PipelineError, `calling ${stage}: arguments do not fit`);
      return message;
    };
    assertStringIncludes(
      refusal({ hiddenSize: 100, heads: 5 }),
      "hiddenSize 100 with 5 heads gives heads of 20; wanted a multiple of 8, as a hiddenSize of 80 or 120 gives",
    );
    assertStringIncludes(
      refusal({ hiddenSize: 16, heads: 4 }),
      "heads of 4; wanted a multiple of 8, as a hiddenSize of 32",
    );
    assertStringIncludes(refusal({ heads: 3 }), "as a hiddenSize of 120 or 144 gives");
    for (const [hiddenSize, heads] of [[8, 1], [32, 4], [128, 4], [120, 5]]) {
      assertEquals(typeof make({ hiddenSize, heads }), "object");
    }
  });
}
