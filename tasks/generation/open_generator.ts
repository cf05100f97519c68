// Opens what a task talks to: the quantised base from the cache, a device, a tokenizer, adapters.
import { join } from "@std/path";
import { type Device, openDevice } from "../../kernels/device.ts";
import { loadBase } from "../../models/base_file.ts";
import { readAdapter } from "../../models/formats/adapter.ts";
import { TextGenerator, type TextGeneratorOptions } from "../../models/generation/text_generator.ts";
import { loadTokenizer, type Tokenizer } from "../../models/tokenizer.ts";
import { modelNamed, pipeline, quantize, runPipeline, z } from "../../mod.ts";
import type { NamedAdapter } from "./options.ts";

/** What to open. */
export interface GeneratorSource extends TextGeneratorOptions {
  /** A model folder, a .gguf file, or owner/name on the hub. */
  readonly baseModel: string;
  readonly bits: 4 | 8 | 32;
  readonly cacheDir: string;
  readonly adapters: readonly NamedAdapter[];
  readonly signal: AbortSignal;
  /** How large the generator is to be, where that depends on the tokenizer. */
  readonly sizeFor?: (tokenizer: Tokenizer) => TextGeneratorOptions;
}

/** A text generator with the device and the tokenizer that it leans on. */
export class OpenedGenerator {
  /** Use {@linkcode openGenerator}. */
  constructor(readonly generator: TextGenerator, readonly device: Device, readonly tokenizer: Tokenizer) {}

  /** Frees all of it. */
  close(): void {
    this.generator.close();
    this.tokenizer.dispose();
    this.device.close();
  }
}

/**
 * Opens a generator. The base is quantised once; later calls take it from the cache.
 *
 * @param say is told each stage that is computed
 * @throws {FormatError} when an adapter cannot be read or does not fit the base
 */
export async function openGenerator(source: GeneratorSource, say: (line: string) => void): Promise<OpenedGenerator> {
  // Read the adapters' files before the long part, so that a wrong path is told at once.
  for (const { path } of source.adapters) await readAdapter(path);
  const directory = await quantizedBase(source, say);
  const device = await openDevice();
  let tokenizer: Tokenizer | undefined;
  let generator: TextGenerator | undefined;
  try {
    const base = await loadBase(device, directory);
    tokenizer = await loadTokenizer(join(directory, "tokenizer"));
    generator = new TextGenerator(device, base, tokenizer, source.sizeFor?.(tokenizer) ?? source);
    for (const { name, path } of source.adapters) await generator.loadAdapter(name, path);
    return new OpenedGenerator(generator, device, tokenizer);
  } catch (error) {
    generator?.close();
    tokenizer?.dispose();
    device.close();
    throw error;
  }
}

async function quantizedBase(source: GeneratorSource, say: (line: string) => void): Promise<string> {
  const { baseModel, bits, cacheDir, signal } = source;
  const definition = pipeline({
    name: "generate",
    options: z.object({}),
    build: () => ({ base: quantize({ model: modelNamed(baseModel), bits }) }),
  });
  const run = await runPipeline(definition, {
    cacheDir,
    signal,
    onEvent: (event) => {
      if (event.type === "stage-start") say(`${event.stage} …`);
    },
  });
  return run.targets.base.dir;
}
