/** A form in which the weights of a model come. */
export type WeightForm = "safetensors" | "torch";

/** The files that tell a form, and those that belong to it. */
const FORMS: Readonly<Record<WeightForm, { readonly signs: readonly string[]; readonly files: RegExp }>> = {
  safetensors: {
    signs: ["model.safetensors", "model.safetensors.index.json"],
    files: /^model.*\.safetensors$|^model\.safetensors\.index\.json$/,
  },
  torch: {
    signs: ["pytorch_model.bin", "pytorch_model.bin.index.json"],
    files: /^pytorch_model.*\.bin$|^pytorch_model\.bin\.index\.json$/,
  },
};

/** The files of which one must be there, for messages. */
export const WEIGHT_SIGNS: readonly string[] = Object.values(FORMS).flatMap(({ signs }) => signs);

/** Files that count whatever the form of the weights. */
const COMMON = /^(config\.json|tokenizer\.(json|model)|tokenizer_config\.json)$/;

/** The form of the weights among the files of a folder: the first in the order of {@linkcode WeightForm}. */
export function weightForm(names: readonly string[]): WeightForm | undefined {
  return (Object.keys(FORMS) as WeightForm[]).find((form) => FORMS[form].signs.some((sign) => names.includes(sign)));
}

/** Which files of a folder belong to its model. Weights that are there in a second form do not. */
export function isModelFile(name: string, names: readonly string[]): boolean {
  const form = weightForm(names);
  return COMMON.test(name) || form !== undefined && FORMS[form].files.test(name);
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
