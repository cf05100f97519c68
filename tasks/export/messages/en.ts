/** What `export` says in English. */
export const EN = {
  options: {
    outputPath: "folder to write (hf, peft), or file (gguf, gguf-lora)",
    baseModel:
      "base model with its own weights: a folder, a .gguf file, or owner/name on the Hugging Face hub; left out, that of " +
      "the quickstart; not needed for peft",
    loraPath: "folder of the adapter; left out, the base is exported as it is",
    name: "name of the model in the file (gguf); that of its folder by default",
    cacheDir: "folder of the cache, for a model of the hub",
    overwrite: "replace an earlier export at --output-path; nothing else is ever replaced",
  },
  description: "Writes a base model merged with an adapter, or an adapter alone, for other programs.",
};

/** What `export` says: every language has every entry. */
export type ExportMessages = typeof EN;
