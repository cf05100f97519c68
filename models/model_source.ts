// What a model of the user's is, whatever form it comes in: its configuration and its tokenizer as the files of a Hugging
// Face folder. Its weights are opened by formats/weights.ts.
import { join } from "@std/path";
import { configToJson, type LlamaConfig, readConfig } from "./formats/config.ts";
import { openGguf } from "./formats/gguf/gguf_file.ts";
import { openGgufModel } from "./formats/gguf/gguf_model.ts";
import { ggufTokenizerFiles } from "./formats/gguf/gguf_tokenizer_files.ts";
import { openMetaCheckpoint } from "./formats/torch/meta_checkpoint.ts";
import { expectPlainFile } from "./formats/plain_file.ts";
import { isTiktoken, tokenizerOfTiktoken } from "./formats/tokenizer/tiktoken.ts";
import { TOKENIZER_COMPANIONS } from "./formats/tokenizer/tokenizer_settings.ts";
import { findWeights, folderNames, isGguf, weightForm } from "./formats/weight_forms.ts";

/** Files of a folder that are its tokenizer, or say how it is used. */
const TOKENIZER_FILES = ["tokenizer.json", "tokenizer.model", ...TOKENIZER_COMPANIONS];

/** Whether a file of a model folder is its tokenizer's, or says how text is made with it. */
export function isTokenizerFile(name: string): boolean {
  return TOKENIZER_FILES.includes(name);
}

/** Where a model's own description lies: in a GGUF file, in params.json, or in config.json. */
async function describedBy(path: string): Promise<"gguf" | "meta" | "config"> {
  if (isGguf(path)) return "gguf";
  const form = weightForm(await folderNames(path));
  return form === "gguf" || form === "meta" ? form : "config";
}

/**
 * The configuration of a model.
 *
 * @param path a model folder or a .gguf file
 * @throws {FormatError} when there is none, or it is not valid
 */
export async function readModelConfig(path: string): Promise<LlamaConfig> {
  const kind = await describedBy(path);
  if (kind === "config") return await readConfig(path);
  if (kind === "meta") {
    using model = await openMetaCheckpoint(path);
    return model.config;
  }
  using model = await openGgufModel(await ggufPath(path));
  return model.config;
}

async function copyPlainFile(from: string, to: string): Promise<void> {
  await expectPlainFile(from);
  await Deno.copyFile(from, to);
}

async function ggufPath(path: string): Promise<string> {
  const place = await findWeights(path);
  return place.form === "gguf" ? place.path : path;
}

/**
 * Writes a model's configuration as `directory`/config.json: its own file where it has one.
 *
 * @throws {FormatError} as {@linkcode readModelConfig}
 */
export async function writeModelConfig(path: string, directory: string): Promise<void> {
  const target = join(directory, "config.json");
  if (await describedBy(path) === "config") await copyPlainFile(join(path, "config.json"), target);
  else await Deno.writeTextFile(target, configToJson(await readModelConfig(path)));
}

/**
 * Writes a model's tokenizer files into a folder: copies, or what the metadata of a GGUF file or
 * LLaMA 3's list of ranks give.
 *
 * @returns the folder to load the tokenizer from: the model's own where it has one, so that messages name that
 * @throws {FormatError} when the tokenizer of a GGUF file is of a kind that is not read
 */
export async function writeModelTokenizer(path: string, directory: string): Promise<string> {
  const names = isGguf(path) ? [] : (await folderNames(path)).filter(isTokenizerFile);
  if (names.includes("tokenizer.model") && !names.includes("tokenizer.json")) {
    const file = join(path, "tokenizer.model");
    await expectPlainFile(file);
    const bytes = await Deno.readFile(file);
    if (isTiktoken(bytes)) {
      await Deno.writeTextFile(join(directory, "tokenizer.json"), JSON.stringify(tokenizerOfTiktoken(bytes, file)));
      return directory;
    }
  }
  for (const name of names) await copyPlainFile(join(path, name), join(directory, name));
  const hasOwn = names.includes("tokenizer.json") || names.includes("tokenizer.model");
  if (hasOwn || await describedBy(path) !== "gguf") return path;
  using file = await openGguf(await ggufPath(path));
  for (const { name, bytes } of ggufTokenizerFiles(file)) await Deno.writeFile(join(directory, name), bytes);
  return directory;
}

/**
 * Does `use` with a folder that has the files of a model besides its weights as a Hugging Face folder has them: the
 * model's own, or else one inside `directory` with its tokenizer, which is removed again.
 *
 * @throws {FormatError} as {@linkcode writeModelTokenizer}
 */
export async function withModelFolder(
  path: string,
  directory: string,
  use: (folder: string, own: boolean) => Promise<void>,
): Promise<void> {
  if (await describedBy(path) === "config") return await use(path, true);
  const folder = await Deno.makeTempDir({ dir: directory });
  try {
    await writeModelTokenizer(path, folder);
    await use(folder, false);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
