import { checked } from "./checked.ts";
import { join } from "@std/path";
import { z } from "zod";
import { FormatError, quoted } from "./error.ts";
import { openGgufModel } from "./gguf/gguf_model.ts";
import { fileExists, readJsonFile } from "./json_file.ts";
import { findWeights } from "./weight_forms.ts";
import { openMetaCheckpoint } from "./torch/meta_checkpoint.ts";
import { openSafetensors } from "./safetensors/safetensors.ts";
import { type TensorDescription, type TensorFile, tensorOf } from "./tensor_file.ts";
import { openTorchFile } from "./torch/torch_file.ts";

type Open = (path: string) => Promise<TensorFile>;

/**
 * Opens the weights of a model folder in any of the forms that are read, or of a .gguf file. Only headers are read.
 *
 * @throws {FormatError} when there are no weights, or a file or the index is not valid
 */
export async function openWeights(path: string): Promise<ModelWeights> {
  const place = await findWeights(path);
  switch (place.form) {
    case "safetensors":
      return await openFolder(place.directory, "model.safetensors", openSafetensors);
    case "torch":
      return await openFolder(place.directory, "pytorch_model.bin", openTorchFile);
    case "meta":
      return allOf(await openMetaCheckpoint(place.directory));
    case "gguf":
      return allOf(await openGgufModel(place.path));
  }
}

/** Weights as transformers saves them: one file, or shards beside an index. */
async function openFolder(directory: string, single: string, open: Open): Promise<ModelWeights> {
  if (await fileExists(join(directory, single))) return allOf(await open(join(directory, single)));
  const index = join(directory, `${single}.index.json`);
  return await openShards(directory, index, parseIndex(await readJsonFile(index), index), open);
}

function allOf(file: TensorFile): ModelWeights {
  return new ModelWeights(file.path, new Map([...file.tensors.keys()].map((name) => [name, file])), [file]);
}

/** The tensors of a model, in one file or several. */
export class ModelWeights implements Disposable {
  readonly #source: string;
  readonly #places: ReadonlyMap<string, TensorFile>;
  readonly #files: readonly TensorFile[];

  /**
   * Use {@linkcode openWeights}.
   *
   * @param source the file that says which tensors there are, for messages
   */
  constructor(source: string, places: ReadonlyMap<string, TensorFile>, files: readonly TensorFile[]) {
    this.#source = source;
    this.#places = places;
    this.#files = files;
  }

  /** The names of all tensors. */
  names(): string[] {
    return [...this.#places.keys()];
  }

  /** True when there is a tensor of that name. */
  has(name: string): boolean {
    return this.#places.has(name);
  }

  /** The paths of the files that hold the tensors. */
  files(): string[] {
    return this.#files.map((file) => file.path);
  }

  /**
   * Element type and shape of a tensor.
   *
   * @throws {FormatError} when there is none of that name
   */
  info(name: string): TensorDescription {
    return tensorOf(this.#file(name), name);
  }

  /**
   * The shape of a tensor.
   *
   * @throws {FormatError} when there is none of that name
   */
  shape(name: string): readonly number[] {
    return this.info(name).shape;
  }

  /**
   * Checks that a tensor is there and has the shape that the configuration asks for.
   *
   * @throws {FormatError} saying what was wanted, what was found, and in which file
   */
  expectTensor(name: string, shape: readonly number[]): void {
    const file = this.#file(name);
    const found = this.info(name).shape;
    if (found.length !== shape.length || found.some((size, i) => size !== shape[i])) {
      throw new FormatError(
        `${file.path}: tensor ${quoted(name)} has the shape [${found.join(", ")}]; ` +
          `the configuration asks for [${shape.join(", ")}]`,
      );
    }
  }

  /**
   * Reads a tensor of floats, or rows of it (indices of the first dimension), as float32.
   *
   * @throws {FormatError} when there is no such tensor, or its element type is not read
   */
  async readFloat32(name: string, rowBegin = 0, rowEnd?: number): Promise<Float32Array<ArrayBuffer>> {
    return await this.#file(name).readFloat32(name, rowBegin, rowEnd);
  }

  /** Closes all files. */
  close(): void {
    for (const file of this.#files) file.close();
  }

  /** Closes all files. */
  [Symbol.dispose](): void {
    this.close();
  }

  #file(name: string): TensorFile {
    const file = this.#places.get(name);
    if (file === undefined) throw new FormatError(`${this.#source} has no tensor ${quoted(name)}, which is needed`);
    return file;
  }
}

function parseIndex(record: unknown, path: string): Map<string, string> {
  const index = checked(z.object({ weight_map: z.record(z.string(), z.string()) }), record, path);
  const shards = new Map(Object.entries(index.weight_map));
  if (shards.size === 0) throw new FormatError(`${path}: weight_map is empty`);
  for (const [name, file] of shards) {
    // A shard lies beside its index: a name with a separator, a drive or ".." could point anywhere.
    if (!/^[^/\\:\0]+$/.test(file) || file === "." || file === "..") {
      throw new FormatError(`${path}: tensor ${quoted(name)} names the file ${quoted(file)}; wanted a plain file name`);
    }
  }
  return shards;
}

async function openShards(
  directory: string,
  index: string,
  shards: Map<string, string>,
  open: Open,
): Promise<ModelWeights> {
  const files = new Map<string, TensorFile>();
  try {
    const places = new Map<string, TensorFile>();
    for (const [name, shard] of shards) {
      const file = files.get(shard) ?? await openShard(join(directory, shard), index, name, open);
      files.set(shard, file);
      if (!file.tensors.has(name)) {
        throw new FormatError(`${index} says that tensor ${quoted(name)} is in ${quoted(shard)}, but it is not there`);
      }
      places.set(name, file);
    }
    return new ModelWeights(index, places, [...files.values()]);
  } catch (error) {
    for (const file of files.values()) file.close();
    throw error;
  }
}

async function openShard(path: string, index: string, tensor: string, open: Open): Promise<TensorFile> {
  if (!await fileExists(path)) {
    throw new FormatError(`${index} says that tensor ${quoted(tensor)} is in ${path}, but there is no such file`);
  }
  return await open(path);
}
