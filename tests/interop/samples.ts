// Files of ours that other programs are shown.
import { join } from "@std/path";
import { openDevice } from "../../kernels/gpu/device.ts";
import { exportedFile, exportModel, type ExportRequest } from "../../models/export/export_model.ts";
import { type Adapter, LORA_TARGETS, writeAdapter } from "../../models/formats/adapter/adapter.ts";
import { readConfig } from "../../models/formats/config.ts";
import { projectionShape } from "../../models/formats/llama_tensors.ts";
import { Decoder } from "../../models/generation/decoder.ts";
import { argmax } from "../../models/generation/sampling.ts";
import { Lora } from "../../models/training/lora.ts";
import { loadModel } from "../../models/model_folder.ts";
import { byteLevelJson } from "../models/sample_tokenizers.ts";
import { goldenFolder, type GoldenName } from "../models/golden_base.ts";

/** The folder of a real model, and whether it is there. */
export const stories: string = new URL("../../../shared/data/tinystories-260k", import.meta.url).pathname;
export const hasStories: boolean = await Deno.stat(stories).then(
  () => true,
  () => false,
);

/** A tokenizer of as few pieces as the golden networks have rows: letters, the line feed, and no merges. */
const TINY_TOKENIZER = JSON.stringify({
  version: "1.0",
  added_tokens: ["<unk>", "<s>", "</s>"].map((content, id) => ({
    id,
    content,
    special: true,
  })),
  normalizer: null,
  pre_tokenizer: null,
  decoder: {
    type: "Sequence",
    decoders: [{ type: "Replace", pattern: { String: "▁" }, content: " " }],
  },
  model: {
    type: "BPE",
    unk_token: "<unk>",
    vocab: Object.fromEntries(
      ["<unk>", "<s>", "</s>", "<0x0A>", ..."▁abcdefghijklmnopqrstuvwxyz"].map((
        text,
        id,
      ) => [text, id]),
    ),
    merges: [],
  },
});

/** A golden network as a whole model folder, with a tokenizer. */
export async function modelOf(
  name: GoldenName,
  directory: string,
): Promise<string> {
  const folder = join(directory, name);
  await Deno.mkdir(folder);
  for (const file of ["config.json", "model.safetensors"]) {
    await Deno.copyFile(`${goldenFolder}${name}/${file}`, join(folder, file));
  }
  await Deno.writeTextFile(join(folder, "tokenizer.json"), TINY_TOKENIZER);
  return folder;
}

/** Exports into a folder of its own; gives the path of the file, or of the folder where there are several. */
export async function exportTo(
  directory: string,
  change: Partial<ExportRequest>,
): Promise<string> {
  const request = {
    to: "gguf",
    type: "f32",
    form: "safetensors",
    maxShardBytes: 5e9,
    name: "test",
    ...change,
  } as const;
  const folder = await Deno.makeTempDir({ dir: directory });
  await exportModel(request, folder);
  return join(folder, exportedFile(request) ?? "");
}

/** Greedy ids after a prompt by our own engine, from the weights of a model folder in float32. */
export async function greedy(
  model: string,
  prompt: readonly number[],
  count: number,
  adapter?: Adapter,
): Promise<number[]> {
  const device = await openDevice();
  try {
    const base = await loadModel(device, model);
    const lora = adapter && new Lora(device, base.config, adapter, false);
    if (adapter) lora?.load(adapter);
    const decoder = new Decoder(device, base, { slots: 1, positions: prompt.length + count });
    const ids = [argmax(await decoder.prefill(0, prompt, 0, lora))];
    while (ids.length < count) {
      const row = { slot: 0, used: prompt.length + ids.length - 1, id: ids.at(-1) ?? 0 };
      const [logits] = await decoder.step([row], lora);
      ids.push(argmax(logits ?? []));
    }
    decoder.close();
    return ids;
  } finally {
    device.close();
  }
}

/** An adapter of all seven projections of a model: matrices from a fixed formula, none of them zero. */
export async function waveAdapter(
  model: string,
  directory: string,
): Promise<string> {
  const config = await readConfig(model);
  const wave = (length: number, phase: number) =>
    Float32Array.from({ length }, (_, i) => 0.1 * Math.sin(i * i + phase));
  const tensors = Array.from(
    { length: config.layers },
    (_, layer) =>
      LORA_TARGETS.map((target, i) => {
        const [outFeatures, inFeatures] = projectionShape(config, target);
        const phase = 7 * layer + i;
        const b = wave(outFeatures * 4, phase + 0.5);
        return {
          layer,
          target,
          a: wave(4 * inFeatures, phase),
          b,
          inFeatures,
          outFeatures,
        };
      }),
  ).flat();
  const folder = join(directory, "wave");
  await writeAdapter(folder, {
    baseModel: "",
    rank: 4,
    alpha: 8,
    dropout: 0,
    targets: LORA_TARGETS,
    tensors,
  });
  return folder;
}

/** The byte-level tokenizer of the tests, splitting text as LLaMA 3 (`digits` "{1,3}") or Qwen 2 (one by one) does. */
export function splitTokenizer(digits: "{1,3}" | ""): string {
  const pattern = "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}" +
    digits +
    "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
  const file = JSON.parse(byteLevelJson());
  file.pre_tokenizer.pretokenizers[0].pattern = { Regex: pattern };
  return JSON.stringify(file);
}
