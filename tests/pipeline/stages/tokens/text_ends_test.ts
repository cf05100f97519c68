// Where answers end. Looked at: labels (build_sequence.ts, chat_template.ts), every place that makes a text generator
// (open_generator.ts for generate, chat and serve; evaluate.ts; held_out.ts for samples while training), what it stops at
// (text_generator.ts), and exports (export/gguf.ts, export/hugging_face.ts).
import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import { buildSequence } from "../../../../datasets/templates/build_sequence.ts";
import { templateEnds } from "../../../../datasets/templates/chat_template.ts";
import { templateFor } from "../../../../datasets/templates/templates.ts";
import { exportModel, type ExportRequest } from "../../../../models/export/export_model.ts";
import type { LlamaConfig } from "../../../../models/formats/config.ts";
import { openGguf } from "../../../../models/formats/gguf/gguf_file.ts";
import { writeRandomModel } from "../../../../models/init_model.ts";
import { loadTokenizer, type Tokenizer } from "../../../../models/tokenizer/tokenizer.ts";
import { textEnds } from "../../../../pipeline/stages/tokens/text_ends.ts";
import { LLAMA_JSON, LLAMA_JSON_SIZE } from "../../../models/sample_tokenizers.ts";
import { withFolder } from "../running.ts";

const HD = LLAMA_JSON_SIZE, EOT = LLAMA_JSON_SIZE + 1, EOM = LLAMA_JSON_SIZE + 2;

const TEMPLATE = "{{ bos_token }}{% for m in messages %}{{ '<|hd|>' + m['role'] + '\n' + m['content'] + '<|eot|>' }}" +
  "{% endfor %}{% if add_generation_prompt %}{{ '<|hd|>assistant\n' }}{% endif %}";

const config: LlamaConfig = {
  family: "llama",
  ...{ vocabularySize: 320, hiddenSize: 8, intermediateSize: 16, layers: 1, heads: 1, keyValueHeads: 1, headSize: 8 },
  ...{ maxPositions: 64, normEpsilon: 1e-5, ropeTheta: 10000, tiedEmbeddings: true, bosId: 1, eosIds: [2] },
};

/** A small model whose template ends turns with a token that neither tokenizer nor config.json names as an end. */
async function writeModel(folder: string): Promise<void> {
  const tokenizer = JSON.parse(LLAMA_JSON);
  const tokens = ["<|hd|>", "<|eot|>", "<|eom|>"].map((content, i) => ({ id: HD + i, content, special: true }));
  tokenizer.added_tokens.push(...tokens);
  await writeRandomModel(folder, { seed: 1, config, tokenizerJson: JSON.stringify(tokenizer) });
  await Deno.writeTextFile(join(folder, "chat_template.jinja"), TEMPLATE);
  await Deno.writeTextFile(join(folder, "generation_config.json"), JSON.stringify({ eos_token_id: [2, EOM, 9999] }));
}

function withModel(use: (tokenizer: Tokenizer, model: string, folder: string) => Promise<void>): Promise<void> {
  return withFolder(async (folder) => {
    const model = join(folder, "model");
    Deno.mkdirSync(model);
    await writeModel(model);
    using tokenizer = await loadTokenizer(model);
    await use(tokenizer, model, folder);
  });
}

Deno.test("answers end with the ends of tokenizer, generation_config.json, config.json and the template", () =>
  withModel((tokenizer) => {
    assertEquals(textEnds({ vocabularySize: 320, eosIds: [2, 5] }, tokenizer), [2, EOM, 5, EOT]);
    return Promise.resolve();
  }));

Deno.test("what a training labels as an answer's end is one of the ends that generation stops at", () =>
  withModel((tokenizer) => {
    const ends = textEnds(config, tokenizer);
    for (const name of ["alpaca", "chat", "tokenizer"]) {
      const sequence = buildSequence({ instruction: "the", input: "", output: "cat" }, {
        ...{ tokenizer, template: templateFor(name, tokenizer), maxTokens: 512, trainOn: "answers" },
      });
      if (sequence.kind !== "sequence") throw new Error("nothing is left of the row");
      const last = sequence.labelled.lastIndexOf(1);
      assertEquals(ends.includes(sequence.ids[last]!), true, name);
    }
    return Promise.resolve();
  }));

Deno.test("templateEnds() finds none where there is no template, one that is not Jinja, or one that refuses", () => {
  const source = (chatTemplate: string | undefined) => ({
    ...{ chatTemplate, bosToken: "<s>", eosId: 2, controls: new Map([["<s>", 1], ["</s>", 2], ["<|eot|>", 3]]) },
  });
  assertEquals(templateEnds(source(TEMPLATE)), ["<|eot|>"]);
  assertEquals(templateEnds(source("{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}")), ["</s>"]);
  for (const text of [undefined, "{% if %}", "{{ raise_exception('no') }}"]) {
    assertEquals(templateEnds(source(text)), []);
  }
});

Deno.test("exports name every end: GGUF a second one, Hugging Face's in generation_config.json", () =>
  withModel(async (_, model, folder) => {
    const request = (to: "hf" | "gguf"): ExportRequest => ({
      ...{ to, model, type: "f32", form: "safetensors", maxShardBytes: 1e9, endsOf: textEnds },
    });
    for (const to of ["hf", "gguf"] as const) Deno.mkdirSync(join(folder, to));
    await exportModel(request("hf"), join(folder, "hf"));
    const written = JSON.parse(Deno.readTextFileSync(join(folder, "hf/generation_config.json")));
    assertEquals(written.eos_token_id, [2, EOM, EOT]);
    await exportModel(request("gguf"), join(folder, "gguf"));
    using file = await openGguf(join(folder, "gguf/model-f32.gguf"));
    const value = (key: string) => file.value(`tokenizer.ggml.${key}`, "number");
    assertEquals([value("eos_token_id"), value("eot_token_id")], [2, EOM]);
    assertEquals(file.value("tokenizer.chat_template", "string"), TEMPLATE);
  }));
