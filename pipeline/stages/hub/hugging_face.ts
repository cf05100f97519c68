import { basename, dirname, join } from "@std/path";
import { COLUMN_NAMES, type Columns } from "../../../datasets/formats/columns.ts";
import type { FormatName } from "../../../datasets/formats/formats.ts";
import { ggufParts, isGguf, isModelFile, weightForm } from "../../../models/formats/weight_forms.ts";
import { defineStage, PipelineError, type Ref, type Stage, type StageContext, z } from "../../core/mod.ts";
import { downloadHubFiles, type HubFile, hubNetwork, type HubRepository, listHubFiles, resolveCommit } from "./hub.ts";
import { type HubName, isHubName, parseHubName } from "./hub_name.ts";
import { modelFiles, rowsFile, type RowsMeta } from "../kinds.ts";
import { modelFolder } from "../models.ts";

const repositoryParams = {
  name: z.string().refine(isHubName, "wanted owner/name").describe("repository of the hub"),
  revision: z.string().min(1).default("main").describe("branch, tag or commit"),
};

type Running = Pick<StageContext<Record<never, never>, unknown, unknown>, "output" | "scratch" | "progress" | "signal">;

/** Downloads the files that are wanted. */
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

const modelParams = z.object({
  ...repositoryParams,
  file: z.string().min(1).optional().describe(
    "of GGUF files the one to take: its path, or the end of its name, such as Q4_K_M; may be left out where there is one",
  ),
});
const dataParams = z.object({ ...repositoryParams, file: z.string().default(""), format: z.string() });
const weightParams = z.object({
  weight: z.number().positive(),
  columns: z.partialRecord(z.enum(COLUMN_NAMES), z.string()).optional(),
});

/** Downloads a model; see {@link huggingFace}. Exported so that the guard of versions sees it. */
export const modelDownload: Stage<Record<never, never>, z.input<typeof modelParams>, typeof modelFiles> = defineStage({
  name: "hugging_face",
  version: 1,
  inputs: {},
  params: modelParams,
  output: modelFiles,
  network: hubNetwork,
  // The branch may move: the commit that it stands for now takes its place.
  pin: async ({ params: { name, revision }, ...where }) => ({
    revision: await resolveCommit({ type: "model", name, revision }, where),
  }),
  async run({ params: { name, revision, file }, ...running }) {
    const repository = { type: "model", name, revision } as const;
    const wanted = wantedOfModel(name, file, await listHubFiles(repository, running.signal));
    await download(repository, wanted, running);
    const gguf = wanted.filter(({ path }) => isGguf(path)).sort((one, other) => one.path < other.path ? -1 : 1)[0];
    return { name, ...(gguf !== undefined && { file: gguf.path }) };
  },
});

/** The files of a repository that are its model: of several GGUF files the one that is named. */
function wantedOfModel(name: string, file: string | undefined, listed: readonly HubFile[]): HubFile[] {
  const names = listed.map(({ path }) => path);
  const fault = (message: string) => new PipelineError(`downloading ${name}: ${message}; found ${names.join(", ")}`);
  if (file === undefined && weightForm(names) !== "gguf") {
    const wanted = listed.filter(({ path }) => isModelFile(path, names));
    if (wanted.some(({ path }) => path !== "config.json")) return wanted;
    if (!names.some(isGguf)) throw fault("it has no files of a model");
  }
  // A file is named by its path, or by the type of its elements, with which its name ends: Q4_K_M.
  const ending = new RegExp(`[-._]${RegExp.escape(file ?? "")}(-\\d{5}-of-\\d{5})?\\.gguf$`, "i");
  const named = listed.filter(({ path }) => file === undefined ? isGguf(path) : path === file || ending.test(path));
  const [only] = named;
  const parts = only === undefined ? [] : ggufParts(only.path);
  if (only !== undefined && parts.length > 1 && named.every(({ path }) => parts.includes(path))) {
    return listed.filter(({ path }) => parts.includes(path)); // a file that was split
  }
  if (only === undefined) throw fault(`it has no file ${file}`);
  if (named.length > 1) {
    throw new PipelineError(
      `downloading ${name}: wanted one .gguf file, found several; name one of them as ${name}:FILE: ` +
        named.map(({ path }) => path).join(", "),
    );
  }
  if (!isGguf(only.path)) throw new PipelineError(`downloading ${name}: ${file} is no .gguf file`);
  return [only];
}

/** Downloads a file of rows; see {@link huggingFaceData}. */
export const dataDownload: Stage<Record<never, never>, z.input<typeof dataParams>, typeof rowsFile> = defineStage({
  name: "hugging_face_data",
  version: 1,
  inputs: {},
  params: dataParams,
  output: rowsFile,
  network: hubNetwork,
  pin: async ({ params: { name, revision }, ...where }) => ({
    revision: await resolveCommit({ type: "dataset", name, revision }, where),
  }),
  async run({ params, ...running }) {
    const { name, revision, file } = params;
    const repository = { type: "dataset", name, revision } as const;
    const listed = await listHubFiles(repository, running.signal);
    const data = listed.filter(({ path }) => file === "" ? /\.(jsonl?|parquet)(\.gz)?$/.test(path) : path === file);
    const [only] = data;
    if (only === undefined || data.length !== 1) {
      const found = (data.length > 0 ? data : listed).map(({ path }) => path).join(", ");
      throw new PipelineError(
        `downloading ${name}: wanted ${file || "one file of rows"}; name one (hub:${name}:FILE): ${found}`,
      );
    }
    await download(repository, data, running);
    return { name: basename(only.path), format: params.format as FormatName | "auto" };
  },
});

/** Rows with a weight and names of columns. Apart from the download, so that others do not download them again. */
export const weightedRows: Stage<
  { readonly rows: typeof rowsFile },
  z.input<typeof weightParams>,
  typeof rowsFile
> = defineStage({
  name: "weighted_rows",
  version: 1,
  inputs: { rows: rowsFile },
  params: weightParams,
  output: rowsFile,
  async run({ inputs: { rows }, params, output }) {
    for (const { path } of rows.files) {
      const to = join(output.dir, path);
      await Deno.mkdir(dirname(to), { recursive: true });
      await Deno.link(join(rows.dir, path), to).catch(() => Deno.copyFile(join(rows.dir, path), to));
    }
    return { ...rows.meta, ...params } as RowsMeta;
  },
});

/** Which of a model's repository is wanted: `revision`, main by default, and `file`. */
export type HuggingFaceOptions = Omit<z.input<typeof modelParams>, "name">;

/**
 * A model of the Hugging Face hub, `owner/name`. It is downloaded once into the cache; the commit that the revision
 * stands for is part of the key. HF_TOKEN, HF_ENDPOINT and HF_HUB_OFFLINE count.
 */
export function huggingFace(name: string, options: HuggingFaceOptions = {}): Ref<typeof modelFiles> {
  return modelDownload({ name, ...options });
}

/**
 * A model as a command line names it: a path that is there wins; otherwise `owner/name[:FILE][@REVISION]` is a model of
 * the hub. With `hub:` in front it always is.
 *
 * @throws {PipelineError} for `hub:` before what is no name
 */
export function modelNamed(text: string): Ref<typeof modelFiles> {
  return hubModelNamed(text) ?? modelFolder(text);
}

/** As {@link modelNamed}; undefined for a path. */
export function hubModelNamed(text: string): Ref<typeof modelFiles> | undefined {
  if (text.startsWith("hub:")) return huggingFaceOf(expectHubName(text.slice(4), `the model ${text}`));
  const found = exists(text) ? undefined : parseHubName(text);
  return found && huggingFaceOf(found);
}

function huggingFaceOf({ name, ...options }: HubName): Ref<typeof modelFiles> {
  return huggingFace(name, options);
}

/**
 * The parts of `owner/name[:FILE][@REVISION]`.
 *
 * @throws {PipelineError} when a text is no such thing
 */
export function expectHubName(text: string, what: string): HubName {
  const found = parseHubName(text);
  if (found === undefined) throw new PipelineError(`${what}: wanted hub:owner/name[:FILE][@REVISION]`);
  return found;
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
  options: HuggingFaceOptions & {
    readonly format?: FormatName;
    readonly weight?: number;
    readonly columns?: Columns;
  } = {},
): Ref<typeof rowsFile> {
  const { format = "auto", weight = 1, columns, ...rest } = options;
  const rows = dataDownload({ name, format, ...rest });
  return weight === 1 && columns === undefined ? rows : weightedRows({ rows, weight, ...(columns && { columns }) });
}
