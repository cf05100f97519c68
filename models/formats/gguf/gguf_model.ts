import type { LlamaConfig } from "../config.ts";
import { FormatError, quoted } from "../error.ts";
import { ggufConfig } from "./gguf_config.ts";
import { type GgufFile, openGguf } from "./gguf_file.ts";
import { nameOfGguf, rotaryHeads } from "./gguf_names.ts";
import { llamaTensors } from "../llama_tensors.ts";
import { readAsHalves } from "../rotary_rows.ts";
import { rowsOf, type TensorDescription, type TensorFile, tensorOf, tensorWhere } from "../tensor_file.ts";

/** Tensors that say nothing that the configuration does not. */
const IGNORED = new Set(["rope_freqs.weight"]);

/**
 * Opens a GGUF file as a model: tensors under Hugging Face's names, with their rows in its order.
 *
 * @throws {FormatError} when the file is not valid, or not of a network that is known
 */
export async function openGgufModel(path: string): Promise<GgufModel> {
  const file = await openGguf(path);
  try {
    return new GgufModel(file, await ggufConfig(file));
  } catch (error) {
    file.close();
    throw error;
  }
}

/** A model in a GGUF file. */
export class GgufModel implements TensorFile {
  readonly path: string;
  readonly config: LlamaConfig;
  readonly tensors: ReadonlyMap<string, TensorDescription>;
  /** The file itself, for its metadata. */
  readonly file: GgufFile;
  readonly #own: ReadonlyMap<string, string>;

  /** Use {@linkcode openGgufModel}. */
  constructor(file: GgufFile, config: LlamaConfig) {
    this.path = file.path;
    this.file = file;
    this.config = config;
    const own = new Map<string, string>();
    const tensors = new Map<string, TensorDescription>();
    // A bias that the family has not, or a layer too many, would change what is computed.
    const wanted = new Set(llamaTensors(config).map(({ name }) => name));
    for (const [name, info] of file.tensors) {
      if (IGNORED.has(name)) continue;
      const known = nameOfGguf(name, config.family);
      if (known === undefined || !wanted.has(known)) {
        throw new FormatError(
          `${file.path}: tensor ${quoted(name)} is none of a network of the family ${config.family} with ` +
            `${config.layers} ${config.layers === 1 ? "layer" : "layers"}`,
        );
      }
      own.set(known, name);
      tensors.set(known, info);
    }
    this.#own = own;
    this.tensors = tensors;
  }

  async readFloat32(name: string, rowBegin = 0, rowEnd?: number): Promise<Float32Array<ArrayBuffer>> {
    const { shape } = tensorOf(this, name);
    const own = this.#own.get(name) ?? name;
    const rows = rowsOf(shape, rowBegin, rowEnd, tensorWhere(this.path, name));
    const read = (begin: number, end: number) => this.file.readFloat32(own, begin, end);
    const heads = rotaryHeads(name, this.config);
    if (heads === undefined || shape[0] !== heads * this.config.headSize) return await read(rows.begin, rows.end);
    return await readAsHalves(read, rows, this.config.headSize);
  }

  /** Closes the file. */
  close(): void {
    this.file.close();
  }

  /** Closes the file. */
  [Symbol.dispose](): void {
    this.close();
  }
}
