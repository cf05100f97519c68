// What the real programs have shown to be right (proven.ts), without them.
import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import { readAdapter, writeAdapter } from "../../models/formats/adapter/adapter.ts";
import { goldenNames } from "../models/golden_base.ts";
import { inFolder } from "../models/temp_folder.ts";
import { digestOf, provenAdapter, provenCount, provenGguf, provenPrompt, readProofs } from "./proven.ts";
import { greedy } from "./samples.ts";

const changed = "the bytes are not those that were proven: run the interop tests with the real programs, README.md";

for (const name of goldenNames) {
  Deno.test(`a merged GGUF is the file of which llama.cpp gave our ${provenCount} greedy tokens, configuration ${name}`, () =>
    inFolder(async (directory) => {
      const proof = (await readProofs())[`${name}.gguf`];
      const { model, file } = await provenGguf(name, directory);
      assertEquals(await digestOf(file), proof?.sha256, changed);
      const ours = await greedy(
        model,
        provenPrompt,
        provenCount,
        await readAdapter(provenAdapter(name)),
      );
      assertEquals(ours, proof?.tokens);
    }));
}

Deno.test("adapter_model.bin is the file that torch.load(weights_only=True) opened", () =>
  inFolder(async (directory) => {
    await writeAdapter(
      directory,
      await readAdapter(provenAdapter("grouped")),
      "bin",
    );
    const { sha256 } = (await readProofs())["adapter_model.bin"] ?? {};
    assertEquals(
      await digestOf(join(directory, "adapter_model.bin")),
      sha256,
      changed,
    );
  }));
