// Opens what a task talks to: the quantised base from the cache, a device, a tokenizer, adapters.
import { join, resolve } from "@std/path";
import { chooseDevice, type Device, openDevice } from "../../kernels/gpu/device.ts";
import { baseFile, loadBase } from "../../models/base_file.ts";
import { DamagedFileError } from "../../models/formats/error.ts";
import { readAdapter } from "../../models/formats/adapter/adapter.ts";
import type { TextGenerator, TextGeneratorOptions } from "../../models/generation/text_generator.ts";
import { loadTokenizer, type Tokenizer } from "../../models/tokenizer/tokenizer.ts";
import { readModelConfig } from "../../models/model_source.ts";
import {
  modelNamed,
  pipeline,
  PipelineError,
  quantize,
  type QuantizeParams,
  runPipeline,
  type TargetResult,
  z,
} from "../../mod.ts";
import { isUnreadable } from "../../pipeline/core/files.ts";
import { textGenerator } from "../../pipeline/stages/tokens/text_ends.ts";
import { setAside } from "../../pipeline/core/upkeep.ts";
import { hubModelNamed } from "../../pipeline/stages/hub/hugging_face.ts";
import type { NamedAdapter } from "./options.ts";

/** What to open. */
export interface GeneratorSource extends TextGeneratorOptions {
  /** A model folder, a .gguf file, or owner/name on the hub. */
  readonly baseModel: string;
  readonly bits: NonNullable<QuantizeParams["bits"]>;
  readonly cacheDir: string;
  /** The device that was chosen, if any. */
  readonly device?: string | undefined;
  readonly adapters: readonly NamedAdapter[];
  readonly signal: AbortSignal;
  /** How large the generator is to be, where that depends on the tokenizer. */
  readonly sizeFor?: (tokenizer: Tokenizer) => TextGeneratorOptions;
  /** From this size on, a cached file is verified while it is loaded and not before. The cache's own when left out. */
  readonly largeFileBytes?: number;
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
 * @throws {FormatError} when an adapter is none or does not fit the base
 * @throws {PipelineError} when an adapter, or the base twice, cannot be read from the disk
 * @throws {DeviceChoiceError} when there is no such device
 */
export async function openGenerator(source: GeneratorSource, say: (line: string) => void): Promise<OpenedGenerator> {
  if (source.device !== undefined) chooseDevice(source.device);
  // Read the adapters' files before the long part, so that a wrong path is told at once.
  const { adapters, baseModel } = source;
  const isHere = adapters.length > 0 && hubModelNamed(baseModel) === undefined;
  const config = isHere ? await readModelConfig(baseModel).catch(() => undefined) : undefined; // the stage says why not
  for (const { path } of adapters) await readAdapter(path, config).catch((error) => tell(error, `the adapter ${path}`));
  try {
    return await openOnce(source, say);
  } catch (error) {
    if (!(error instanceof DamagedBase)) throw error;
    say(error.message);
    await setAside(resolve(source.cacheDir), error.key);
    return await openOnce(source, say);
  }
}

/** The cached base cannot be read or is not what was published. */
class DamagedBase extends PipelineError {
  constructor(readonly key: string, message: string, cause: unknown) {
    super(message, { cause });
  }
}

/** Throws an error of reading with the name of what could not be read, and any other as it is. */
function tell(error: unknown, what: string): never {
  throw isUnreadable(error) ? new PipelineError(unreadable(error, what), { cause: error }) : error;
}

const unreadable = (error: unknown, what: string) => `${what} cannot be read: ${(error as Error).message}`;

/** Quantises the base, or finds it, and loads it while no clean-up of the cache may take it away. */
async function openOnce(source: GeneratorSource, say: (line: string) => void): Promise<OpenedGenerator> {
  const { baseModel, bits, cacheDir, signal, largeFileBytes } = source;
  const definition = pipeline({
    name: "generate",
    options: z.object({}),
    build: () => ({ base: quantize({ model: modelNamed(baseModel), bits }) }),
  });
  let opened: OpenedGenerator | undefined;
  await runPipeline(definition, {
    cacheDir,
    signal,
    ...(largeFileBytes !== undefined && { largeFileBytes }),
    onEvent: (event) => {
      if (event.type === "stage-start") say(`${event.stage} …`);
    },
    use: async ({ targets: { base } }) => {
      opened = await load(base, source);
    },
  });
  return opened!;
}

async function load({ dir, sha256, key }: TargetResult<unknown>, source: GeneratorSource): Promise<OpenedGenerator> {
  const damaged = (error: unknown): never => {
    if (error instanceof DamagedFileError) throw new DamagedBase(key, error.message, error);
    throw isUnreadable(error) ? new DamagedBase(key, unreadable(error, `the base in ${dir}`), error) : error;
  };
  const device = await openDevice();
  let tokenizer: Tokenizer | undefined;
  let generator: TextGenerator | undefined;
  try {
    const digest = sha256[baseFile];
    const base = await loadBase(device, dir, digest === undefined ? {} : { sha256: digest }).catch(damaged);
    tokenizer = await loadTokenizer(join(dir, "tokenizer")).catch(damaged);
    generator = textGenerator(device, base, tokenizer, source.sizeFor?.(tokenizer) ?? source);
    for (const { name, path } of source.adapters) {
      await generator.loadAdapter(name, path).catch((error) => tell(error, `the adapter ${path}`));
    }
    return new OpenedGenerator(generator, device, tokenizer);
  } catch (error) {
    generator?.close();
    tokenizer?.dispose();
    device.close();
    throw error;
  }
}
