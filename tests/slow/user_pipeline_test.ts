// Type checks of pipeline files as a user writes them, for `deno task test-all`.
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join, toFileUrl } from "@std/path";
import { inFolder, runDeno } from "../tasks/children.ts";
import { writePipeline } from "../tasks/user_pipeline.ts";

Deno.test("a pipeline file outside the project passes the type check through its import map, and wrong wiring does not", () =>
  inFolder(async (folder) => {
    await writePipeline(folder);
    const wrong =
      `import { alpaca, evaluate, merge, modelFolder, pipeline, quantize, tokenize, train, z } from "vicuna";
export default pipeline({
  options: z.object({}),
  build() {
    const data = merge({ sources: [alpaca("alpaca.json")] });
    const base = quantize({ model: modelFolder("model") });
    const tokens = tokenize({ data, tokenizer: base.tokenizer });
    const adapter = train({ base: data, tokens });
    return { report: evaluate({ base, adapter, tokens }) };
  },
});
`;
    await Deno.writeTextFile(join(folder, "wrong.ts"), wrong);
    await Deno.writeTextFile(join(folder, "right.ts"), wrong.replace("base: data,", "base,"));
    const files = ["short.ts", "right.ts", "wrong.ts"].map((name) => toFileUrl(join(folder, name)).href);
    const { code, stderr } = await runDeno(["check", "--config", join(folder, "deno.json"), ...files]);
    assertEquals(code, 1);
    // Only the wrong one is complained of, where a data set is given for the base.
    const places = [...stderr.matchAll(/at file:\S*\/(\S+?:\d+):\d+/g)].map(([, place]) => place);
    assertEquals(places[0], "wrong.ts:8");
    assert(places.every((place) => !/short|right/.test(place!)), stderr);
    assertStringIncludes(stderr, '"dataset"');
    assertStringIncludes(stderr, '"base"');
  }));
