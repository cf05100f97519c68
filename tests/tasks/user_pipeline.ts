import { join, relative } from "@std/path";
import { repository, writeData } from "./children.ts";

/** A pipeline as a user writes it: ready stages, and one of the user's own with a helper file beside it. */
const pipelineFile = `import { dataset, defineStage, merge, pipeline, rows, z } from "vicuna";
import { isShort } from "./helper.ts";

const keepShort = defineStage({
  name: "keep_short",
  module: import.meta.url,
  inputs: { data: dataset },
  params: z.object({ characters: z.number().default(4) }),
  output: dataset,
  async run({ inputs, params, output }) {
    const text = await Deno.readTextFile(inputs.data.dir + "/train.jsonl");
    const kept = text.trimEnd().split("\\n").filter((line) => isShort(JSON.parse(line).output, params.characters));
    await Deno.writeTextFile(output.dir + "/train.jsonl", kept.join("\\n") + "\\n");
    await Deno.copyFile(inputs.data.dir + "/validation.jsonl", output.dir + "/validation.jsonl");
    return { ...inputs.data.meta, train: kept.length };
  },
});

export default pipeline({
  options: z.object({
    data: z.array(z.string()).describe("rows"),
    maxCharacters: z.number().default(4).describe("longest answer"),
  }),
  build({ data, maxCharacters }) {
    const merged = merge({ sources: data.map(rows), validation: 2 });
    return { rows: keepShort({ data: merged, characters: maxCharacters }) };
  },
});
`;

/** What it imports. */
export const helperFile = "export const isShort = (text: string, most: number): boolean => text.length <= most;\n";

/** Writes the pipeline, its helper and data into a folder, and an import map that leads to this project. */
export async function writePipeline(folder: string): Promise<void> {
  await writeData(folder);
  await Deno.writeTextFile(join(folder, "short.ts"), pipelineFile);
  await Deno.writeTextFile(join(folder, "helper.ts"), helperFile);
  const importMap = relative(folder, join(repository, "deno.json")).replaceAll("\\", "/");
  await Deno.writeTextFile(join(folder, "deno.json"), JSON.stringify({ importMap }));
}
