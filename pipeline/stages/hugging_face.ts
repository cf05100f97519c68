import { basename } from "@std/path";
import type { FormatName } from "../../datasets/formats.ts";
import { isModelFile } from "../../models/formats/weight_forms.ts";
import { defineStage, PipelineError, type Ref, type StageContext, z } from "../core/mod.ts";
import { downloadHubFiles, type HubFile, type HubRepository, listHubFiles, resolveCommit } from "./hub/hub.ts";
import { modelFiles, rowsFile } from "./kinds.ts";
import { modelFolder } from "./models.ts";

const NAME = /^[\w.-]+\/[\w.-]+$/;

/** Says whether a text could be the name of a repository of the hub, `owner/name`. */
export function isHubName(text: string): boolean {
  return NAME.test(text) && !/^\.{1,2}\/|\/\.{1,2}$/.test(text);
}

/** Small files that a model needs for other programs, when it is exported. */
const COMPANION = /^(generation_config|special_tokens_map|added_tokens)\.json$|^chat_template\.(jinja|json)$/;

const repositoryParams = {
  name: z.string().refine(isHubName, "wanted owner/name").describe("repository of the hub"),
  revision: z.string().min(1).default("main").describe("branch, tag or commit"),
};

type Running = Pick<StageContext<Record<never, never>, unknown, unknown>, "output" | "scratch" | "progress" | "signal">;

async function download(repository: HubRepository, files: readonly HubFile[], { output, scratch, ...run }: Running) {
  const total = files.reduce((sum, { size }) => sum + size, 0);
  let done = 0;
  await downloadHubFiles(repository, files, {
    directory: output.dir,
    scratch,
    signal: run.signal,
    onBytes: (bytes) => run.progress({ done: done += bytes, total, unit: "bytes" }),
  });
}

const modelStage = defineStage({
  name: "hugging_face",
  version: 1,
  inputs: {},
  params: z.object(repositoryParams),
  output: modelFiles,
  // The branch may move: the commit that it stands for now takes its place.
  pin: async ({ params, notes }) => ({ revision: await resolveCommit({ type: "model", ...params }, notes) }),
  async run({ params, ...running }) {
    const repository = { type: "model", ...params } as const;
    const listed = await listHubFiles(repository);
    const names = listed.map(({ path }) => path);
    const wanted = listed.filter(({ path }) => isModelFile(path, names) || COMPANION.test(path));
    if (!wanted.some(({ path }) => path !== "config.json")) {
      throw new PipelineError(`downloading ${params.name}: it has no files of a model; found ${names.join(", ")}`);
    }
    await download(repository, wanted, running);
    return { name: params.name };
  },
});

const dataStage = defineStage({
  name: "hugging_face_data",
  version: 1,
  inputs: {},
  params: z.object({ ...repositoryParams, file: z.string().default(""), format: z.string() }),
  output: rowsFile,
  pin: async ({ params, notes }) => ({ revision: await resolveCommit({ type: "dataset", ...params }, notes) }),
  async run({ params, ...running }) {
    const { name, revision, file } = params;
    const repository = { type: "dataset", name, revision } as const;
    const listed = await listHubFiles(repository);
    const data = listed.filter(({ path }) => file === "" ? /\.(jsonl?|parquet)(\.gz)?$/.test(path) : path === file);
    const [only] = data;
    if (only === undefined || data.length !== 1) {
      const found = (data.length > 0 ? data : listed).map(({ path }) => path).join(", ");
      throw new PipelineError(`downloading ${name}: wanted ${file || "one file of rows"}; name one by file: ${found}`);
    }
    await download(repository, data, running);
    return { name: basename(only.path), format: params.format as FormatName | "auto" };
  },
});

/**
 * A model of the Hugging Face hub, `owner/name`. It is downloaded once into the cache; the commit that the revision
 * stands for is part of the key. HF_TOKEN, HF_ENDPOINT and HF_HUB_OFFLINE count.
 */
export function huggingFace(name: string, options: { readonly revision?: string } = {}): Ref<typeof modelFiles> {
  return modelStage({ name, ...options });
}

/**
 * A model as a command line names it: a path that is there wins; otherwise `owner/name`, with `@revision` if given, is a
 * model of the hub.
 */
export function modelNamed(text: string): Ref<typeof modelFiles> {
  const [, name, revision] = /^([^@]+)(?:@(.+))?$/.exec(text) ?? [];
  if (name === undefined || exists(text) || !isHubName(name)) return modelFolder(text);
  return huggingFace(name, revision === undefined ? {} : { revision });
}

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}

/** A file of rows of a data set of the hub. `file` may be left out where there is one only. */
export function huggingFaceData(
  name: string,
  options: { readonly revision?: string; readonly file?: string; readonly format?: FormatName } = {},
): Ref<typeof rowsFile> {
  const { format = "auto", ...rest } = options;
  return dataStage({ name, format, ...rest });
}
