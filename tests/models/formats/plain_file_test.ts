// Only plain files are read. Places that open what a person or a model's folder names:
//   models/formats/json_file.ts   config.json, tokenizer files, adapter_config.json, index.json
//   models/formats/byte_file.ts   weights of all forms, GGUF files
//   models/model_source.ts        tokenizer.model, and what is copied from a model's folder
//   datasets/files/file_chunks.ts       rows (tests below)
//   pipeline/core/run/resolver.ts, files.ts  inputs of stages: special files are refused, or not listed (run_test.ts)
//   pipeline/core/store/remote_cache.ts a shared cache (tests/pipeline/core/store/remote_cache_test.ts)
import { assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { DataError } from "../../../datasets/errors.ts";
import { readPieces } from "../../../datasets/files/pieces.ts";
import { readAdapter } from "../../../models/formats/adapter/adapter.ts";
import { readConfig } from "../../../models/formats/config.ts";
import { FormatError } from "../../../models/formats/error.ts";
import { openWeights } from "../../../models/formats/weights.ts";
import { writeModelTokenizer } from "../../../models/model_source.ts";
import { inFolder } from "../temp_folder.ts";

async function makePipe(path: string): Promise<void> {
  const { success } = await new Deno.Command("mkfifo", { args: [path] }).output();
  assertEquals(success, true);
}

/** Does something with a folder in which a file is a pipe, and with one in which it is a link to a device. */
async function withSpecialFile(name: string, use: (folder: string) => Promise<unknown>): Promise<void> {
  for (const make of [makePipe, (path: string) => Deno.symlink("/dev/zero", path)]) {
    await inFolder(async (folder) => {
      await make(join(folder, name));
      await use(folder);
    });
  }
}

Deno.test({
  name: "a device or a pipe in a model's or an adapter's folder is refused at once, not read",
  ignore: Deno.build.os === "windows",
  async fn() {
    const wanted = "wanted a plain file, found a device or a pipe";
    await withSpecialFile("config.json", (folder) => assertRejects(() => readConfig(folder), FormatError, wanted));
    await withSpecialFile(
      "adapter_config.json",
      (folder) => assertRejects(() => readAdapter(folder), FormatError, wanted),
    );
    await withSpecialFile(
      "model.safetensors",
      (folder) => assertRejects(() => openWeights(folder), FormatError, wanted),
    );
    await withSpecialFile(
      "tokenizer.model",
      (folder) => assertRejects(() => writeModelTokenizer(folder, folder), FormatError, wanted),
    );
    await withSpecialFile("rows.jsonl", (folder) =>
      assertRejects(
        () => Array.fromAsync(readPieces(join(folder, "rows.jsonl"))),
        DataError,
        "wanted a file of rows, found a device or a pipe",
      ));
  },
});
