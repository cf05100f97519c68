// A pipeline for the strict mode: its stage reads its input, and what the option `wants` says on top.
import { join } from "@std/path";
import {
  defineStage,
  inputFile,
  inputFolder,
  type Kind,
  kind,
  pipeline,
  PipelineError,
  z,
} from "../../../../pipeline/core/mod.ts";

const files: Kind<"files", { name: string }> = kind<{ name: string }>()("files");

const spy = defineStage({
  name: "spy",
  version: 1,
  inputs: { file: files, folder: files },
  params: z.object({
    wants: z.string().default(""),
    variable: z.string().default(""),
    fault: z.string().default(""),
  }),
  environment: ["SPY_DECLARED"],
  output: files,
  async run({ inputs, params, output, progress, log, device, scratch }) {
    const text = await Deno.readTextFile(inputs.file.path);
    const inFolder = await Deno.readTextFile(join(inputs.folder.dir, "yes.txt"));
    if (params.fault) throw new PipelineError("it refuses", { kind: params.fault });
    if (params.wants) await Deno.readTextFile(params.wants);
    if (params.variable) log("info", `${params.variable}=${Deno.env.get(params.variable)}`);
    await Deno.writeTextFile(join(scratch, "note.txt"), "kept");
    await Deno.writeTextFile(join(output.dir, "out.txt"), text + inFolder);
    await Deno.writeTextFile(output.volatile("time.txt"), String(performance.now()));
    progress({ done: 1, total: 1, unit: "files" });
    device("a device");
    return { name: "spied" };
  },
});

const shout = defineStage({
  name: "shout",
  version: 1,
  inputs: { of: files },
  output: files,
  async run({ inputs, output }) {
    const text = await Deno.readTextFile(join(inputs.of.dir, "out.txt"));
    await Deno.writeTextFile(join(output.dir, "out.txt"), text.toUpperCase());
    return { name: "shouted" };
  },
});

export default pipeline({
  name: "spying",
  options: z.object({
    dir: z.string(),
    wants: z.string().default(""),
    variable: z.string().default(""),
    fault: z.string().default(""),
  }),
  build({ dir, ...params }) {
    const meta = { name: "user's" };
    const folder = inputFolder(files, join(dir, "folder"), { include: (name) => name === "yes.txt", meta });
    return { loud: shout({ of: spy({ file: inputFile(files, join(dir, "a.txt"), meta), folder, ...params }) }) };
  },
});
