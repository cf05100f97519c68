// Fixed inputs have fixed keys and digests. A change of these constants throws every user's cache and lock away: make it
// on purpose (a new version of a stage), never by a refactoring.
import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import { eventsOf, inFolder, repository, runDeno, writeInputs } from "./children.ts";

const pipeline = `import { alpaca, belle, merge, modelFolder, pipeline, quantize, tokenize, z } from "vicuna";
export default pipeline({
  options: z.object({ maxTokens: z.number().default(64), seed: z.number().default(42) }),
  build({ maxTokens, seed }) {
    const data = merge({ sources: [belle("belle.jsonl"), alpaca("alpaca.json")], validation: 4, seed });
    const base = quantize({ model: modelFolder("model") });
    return { base, tokens: tokenize({ data, tokenizer: base.tokenizer, maxTokens }) };
  },
});
`;

/** Key and digest of each stage, their first 16 digits. */
const golden = {
  merge: "175d540af5db2800 da5ed3ac67528f95",
  quantize: "2e5a4b1b5bb95407 d6a25cedcccf92ac",
  tokenize: "d99ea09d998bf2b6 3cb7ec8d7db50774",
};

const settings: { name: string; env: Record<string, string>; args: string[] }[] = [
  { name: "plainly", env: {}, args: [] },
  {
    name: "in another time zone and locale, with defaults written out in another order",
    env: { TZ: "Asia/Shanghai", LANG: "zh_CN.UTF-8", LC_ALL: "tr_TR.UTF-8" },
    args: ["--seed", "42", "--max-tokens", "64"],
  },
];

for (const { name, env, args } of settings) {
  Deno.test(`a fixed pipeline has the golden keys and digests, ${name}`, () =>
    inFolder(async (folder) => {
      await writeInputs(folder);
      await Deno.writeTextFile(join(folder, "p.ts"), pipeline);
      const task = join(repository, "tasks", "train.ts");
      const outcome = await runDeno(["run", "-A", task, "./p.ts", "--json", ...args], { INIT_CWD: folder, ...env });
      assertEquals([outcome.code, outcome.stderr], [0, ""]);
      const found = eventsOf(outcome).flatMap((event) =>
        event.type === "stage-end" ? [[event.stage, `${event.key.slice(0, 16)} ${event.digest.slice(0, 16)}`]] : []
      );
      assertEquals(Object.fromEntries(found), golden);
    }));
}
