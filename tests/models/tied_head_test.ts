// Oddities of weights. Looked at: all that opens the weights of a model (quantize, model_folder.ts for training all of them,
// export_model.ts, int8_model.ts), config.json (formats/config.ts, rope_config.ts), GGUF's header (gguf_config.ts), Meta's
// params.json (meta_params.ts), and adapters (adapter_reader.ts); their tests lie beside them.
import { assertRejects, assertThrows } from "@std/assert";
import { join } from "@std/path";
import type { LlamaConfig } from "../../models/formats/config.ts";
import { FormatError } from "../../models/formats/error.ts";
import { configOfParams } from "../../models/formats/torch/meta_params.ts";
import { type TensorEntry, writeSafetensors } from "../../models/formats/safetensors/safetensors.ts";
import { openWeights } from "../../models/formats/weights.ts";
import { checkTiedHead } from "../../models/tied_head.ts";
import { inFolder } from "./temp_folder.ts";

const sizes = { vocabularySize: 3, hiddenSize: 4, tiedEmbeddings: true } as LlamaConfig;

/** Checks a folder whose embedding is 1 and whose head is as given. */
function check(head: { value: number; shape?: number[] } | undefined, config = sizes): Promise<void> {
  return inFolder(async (folder) => {
    const entry = (name: string, value: number, shape = [3, 4]): TensorEntry => {
      const values = new Float32Array(shape.reduce((product, size) => product * size, 1)).fill(1);
      values[values.length - 1] = value;
      return { name, dtype: "F32", shape, data: new Uint8Array(values.buffer) };
    };
    const entries = [entry("model.embed_tokens.weight", 1)];
    if (head !== undefined) entries.push(entry("lm_head.weight", head.value, head.shape));
    await writeSafetensors(join(folder, "model.safetensors"), entries, { format: "pt" });
    using weights = await openWeights(folder);
    await checkTiedHead(weights, config);
  });
}

Deno.test("a model that ties head and embedding is refused when its files have another head", async () => {
  await check(undefined);
  await check({ value: 1 });
  await check({ value: 2 }, { ...sizes, tiedEmbeddings: false });
  for (const head of [{ value: 2 }, { value: 1, shape: [4, 4] }]) {
    await assertRejects(() => check(head), FormatError, "wanted one of: tie_word_embeddings false");
  }
});

Deno.test("params.json of Meta's is refused for a field that is not known and asks for something", () => {
  const params = { dim: 8, n_layers: 1, n_heads: 2, multiple_of: 4, norm_eps: 1e-5, vocab_size: -1 };
  configOfParams({ ...params, max_batch_size: 4, moe: null, use_qk_norm: false }, 300, "params.json");
  assertThrows(
    () => configOfParams({ ...params, moe: { num_experts: 8 } }, 300, "params.json"),
    FormatError,
    'moe is {"num_experts":8}; supported: nothing',
  );
});
