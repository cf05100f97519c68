import { basename, dirname, join } from "@std/path";
import { FormatError } from "./error.ts";
import { TOKENIZER_COMPANIONS } from "./tokenizer/tokenizer_settings.ts";

/** A form in which the weights of a model come; where a folder has several, the first counts. */
const FORMS = {
  /** Hugging Face's: one file, or shards with an index. */
  safetensors: {
    looked: "model.safetensors, model.safetensors.index.json",
    sign: /^model\.safetensors(\.index\.json)?$/,
    files: /^model.*\.safetensors$|^model\.safetensors\.index\.json$/,
  },
  /** The same, by torch.save. */
  torch: {
    looked: "pytorch_model.bin, pytorch_model.bin.index.json",
    sign: /^pytorch_model\.bin(\.index\.json)?$/,
    files: /^pytorch_model.*\.bin$|^pytorch_model\.bin\.index\.json$/,
  },
  /** Meta's own checkpoints. */
  meta: {
    looked: "consolidated.00.pth",
    sign: /^consolidated\.00\.pth$/,
    files: /^consolidated\.\d+\.pth$|^params\.json$/,
  },
  /** llama.cpp's: one file with everything in it. */
  gguf: { looked: "a file *.gguf", sign: /\.gguf$/, files: /\.gguf$/ },
} as const;

/** A form in which the weights of a model come. */
export type WeightForm = keyof typeof FORMS;

/** Files that count whatever the form of the weights. */
const COMMON = ["config.json", "tokenizer.json", "tokenizer.model", ...TOKENIZER_COMPANIONS];

/** The form of the weights among the files of a folder: the first that is there, Hugging Face's before others. */
export function weightForm(names: readonly string[]): WeightForm | undefined {
  return (Object.keys(FORMS) as WeightForm[]).find((form) => names.some((name) => FORMS[form].sign.test(name)));
}

/** Which files of a folder belong to its model. Weights that are there in a second form do not. */
export function isModelFile(name: string, names: readonly string[]): boolean {
  const form = weightForm(names);
  return COMMON.includes(name) || form !== undefined && FORMS[form].files.test(name);
}

/** The names of the files and folders in a folder; none when it is missing. */
export async function folderNames(directory: string): Promise<string[]> {
  const names: string[] = [];
  try {
    for await (const { name } of Deno.readDir(directory)) names.push(name);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return names;
}

/** The weights in a folder, or in a single .gguf file. */
export type WeightPlace =
  | { readonly form: Exclude<WeightForm, "gguf">; readonly directory: string }
  | { readonly form: "gguf"; readonly path: string };

/**
 * Finds the weights at a path: a model folder, or a .gguf file.
 *
 * @throws {FormatError} when there are none, or a folder has several .gguf files and no others
 */
export async function findWeights(path: string): Promise<WeightPlace> {
  if (isGguf(path)) return { form: "gguf", path: join(dirname(path), ggufParts(basename(path))[0]!) };
  const names = await folderNames(path);
  const form = weightForm(names);
  if (form === undefined) {
    const looked = Object.values(FORMS).map((form) => form.looked).join(", ");
    throw new FormatError(`${path} has no model weights: looked for ${looked}`, { kind: "notModel" });
  }
  if (form !== "gguf") return { form, directory: path };
  const [file = "", ...others] = names.filter(isGguf).sort();
  const parts = ggufParts(file);
  if (others.some((name) => !parts.includes(name))) {
    throw new FormatError(`${path} has several .gguf files: name one of them, such as ${join(path, file)}`);
  }
  return { form, path: join(path, file) };
}

/**
 * The names of all parts of a GGUF file, by the name of one: `model-00001-of-00003.gguf` is of a file that
 * llama.cpp has split; any other is the only one.
 */
export function ggufParts(name: string): string[] {
  const [, stem, count = "1"] = /^(.*)-\d{5}-of-(\d{5})\.gguf$/.exec(name) ?? [];
  if (stem === undefined) return [name];
  const parts = Math.max(Number(count), 1);
  return Array.from({ length: parts }, (_, at) => `${stem}-${String(at + 1).padStart(5, "0")}-of-${count}.gguf`);
}

/** True for the name of a GGUF file. */
export function isGguf(path: string): boolean {
  return FORMS.gguf.sign.test(path);
}
