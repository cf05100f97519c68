// Meta's own LLaMA checkpoints: params.json and consolidated.00.pth, consolidated.01.pth, …, each with a slice of every
// matrix, as the processes of their training held them.
import { join } from "@std/path";
import { type LlamaConfig, parseConfig } from "../config.ts";
import { FormatError, quoted } from "../error.ts";
import { rotaryHeads } from "../gguf/gguf_names.ts";
import { readJsonFile } from "../json_file.ts";
import { LORA_TARGETS, type LoraTarget, projectionName } from "../adapter/lora_names.ts";
import { configOfParams } from "./meta_params.ts";
import { readAsHalves } from "../rotary_rows.ts";
import { type Rows, rowsOf, type TensorDescription, type TensorFile, tensorOf, tensorWhere } from "../tensor_file.ts";
import { openTorchFile, type TorchFile } from "./torch_file.ts";

/** How the files share a tensor: slices of its rows, slices of its columns, or the whole of it in each. */
type Sharing = "rows" | "columns" | "whole";

/** Meta's names of a layer's projections, and how they are shared. */
const PROJECTIONS: Readonly<Record<LoraTarget, readonly [module: string, sharing: Sharing]>> = {
  q_proj: ["attention.wq", "rows"],
  k_proj: ["attention.wk", "rows"],
  v_proj: ["attention.wv", "rows"],
  o_proj: ["attention.wo", "columns"],
  gate_proj: ["feed_forward.w1", "rows"],
  up_proj: ["feed_forward.w3", "rows"],
  down_proj: ["feed_forward.w2", "columns"],
};

const EMBEDDING = "tok_embeddings.weight";

interface Source {
  /** Meta's name. */
  readonly name: string;
  readonly sharing: Sharing;
}

/**
 * Opens a checkpoint folder of Meta's as a model: tensors under Hugging Face's names, put together from all files, with
 * rows of queries and keys in Hugging Face's order.
 *
 * @throws {FormatError} when params.json or a file is missing or not valid, or the files do not fit together
 */
export async function openMetaCheckpoint(directory: string): Promise<MetaCheckpoint> {
  const paramsPath = join(directory, "params.json");
  const params = await readJsonFile(paramsPath);
  if (params === undefined) throw new FormatError(`${directory} has consolidated.00.pth but no params.json`);
  const files = await openFiles(directory);
  try {
    const sharing = embeddingSharing(files, params);
    const [rows = 0] = joined(files, { name: EMBEDDING, sharing });
    const config = parseConfig(configOfParams(params, rows, paramsPath), paramsPath);
    return new MetaCheckpoint(directory, config, files, sharing);
  } catch (error) {
    for (const file of files) file.close();
    throw error;
  }
}

async function openFiles(directory: string): Promise<TorchFile[]> {
  const names: string[] = [];
  for await (const { name } of Deno.readDir(directory)) if (/^consolidated\.\d+\.pth$/.test(name)) names.push(name);
  names.sort();
  const files: TorchFile[] = [];
  try {
    for (const [i, name] of names.entries()) {
      const wanted = `consolidated.${String(i).padStart(2, "0")}.pth`;
      if (name !== wanted) throw new FormatError(`${directory} has ${name} but no ${wanted}`);
      files.push(await openTorchFile(join(directory, name)));
    }
    return files;
  } catch (error) {
    for (const file of files) file.close();
    throw error;
  }
}

/** LLaMA 1 and 2 share the columns of the embedding among files, LLaMA 3 its rows. */
function embeddingSharing([first]: readonly TorchFile[], params: unknown): Sharing {
  const columns = first && tensorOf(first, EMBEDDING).shape[1];
  return columns === (params as { dim?: unknown } | null)?.dim ? "rows" : "columns";
}

/** The shape of a tensor when the slices of all files are put together. */
function joined(files: readonly TorchFile[], { name, sharing }: Source): number[] {
  const shapes = files.map((file) => tensorOf(file, name).shape);
  const [first = []] = shapes;
  const axis = { rows: 0, columns: 1, whole: -1 }[sharing];
  shapes.forEach((shape, i) => {
    if (shape.length !== first.length || shape.some((size, d) => d !== axis && size !== first[d])) {
      throw new FormatError(
        `${tensorWhere(files[i]?.path ?? "", name)} has the shape [${shape.join(", ")}]; ` +
          `that of ${files[0]?.path} has [${first.join(", ")}]`,
      );
    }
  });
  return first.map((size, d) => d === axis ? shapes.reduce((sum, shape) => sum + (shape[d] ?? 0), 0) : size);
}

/** Hugging Face's names of all tensors, and where they come from. */
function sourcesOf({ layers }: LlamaConfig, embedding: Sharing): Map<string, Source> {
  const sources = new Map<string, Source>([["model.embed_tokens.weight", { name: EMBEDDING, sharing: embedding }]]);
  for (let layer = 0; layer < layers; layer++) {
    const own = (module: string) => `layers.${layer}.${module}.weight`;
    for (const target of LORA_TARGETS) {
      const [module, sharing] = PROJECTIONS[target];
      sources.set(projectionName(layer, target), { name: own(module), sharing });
    }
    const norm = (name: string, module: string) =>
      sources.set(`model.layers.${layer}.${name}.weight`, { name: own(module), sharing: "whole" });
    norm("input_layernorm", "attention_norm");
    norm("post_attention_layernorm", "ffn_norm");
  }
  sources.set("model.norm.weight", { name: "norm.weight", sharing: "whole" });
  return sources.set("lm_head.weight", { name: "output.weight", sharing: "rows" });
}

/** A checkpoint of Meta's. */
export class MetaCheckpoint implements TensorFile {
  /** The folder. */
  readonly path: string;
  readonly config: LlamaConfig;
  readonly tensors: ReadonlyMap<string, TensorDescription>;
  readonly #files: readonly TorchFile[];
  readonly #sources: ReadonlyMap<string, Source>;

  /** Use {@linkcode openMetaCheckpoint}. */
  constructor(path: string, config: LlamaConfig, files: readonly TorchFile[], embedding: Sharing) {
    this.path = path;
    this.config = config;
    this.#files = files;
    this.#sources = sourcesOf(config, embedding);
    this.tensors = new Map(
      [...this.#sources].map(([name, source]) => {
        const dtype = files[0] ? tensorOf(files[0], source.name).dtype : "";
        return [name, { dtype, shape: joined(files, source) }];
      }),
    );
  }

  async readFloat32(name: string, rowBegin = 0, rowEnd?: number): Promise<Float32Array<ArrayBuffer>> {
    const { shape } = tensorOf(this, name);
    const rows = rowsOf(shape, rowBegin, rowEnd, tensorWhere(this.path, name));
    const source = this.#sources.get(name);
    if (source === undefined) throw new FormatError(`${this.path} has no tensor ${quoted(name)}`);
    const read = (begin: number, end: number) => this.#read(source, { ...rows, begin, end });
    const heads = rotaryHeads(name, this.config);
    if (heads === undefined || shape[0] !== heads * this.config.headSize) return await read(rows.begin, rows.end);
    return await readAsHalves(read, rows, this.config.headSize);
  }

  async #read({ name, sharing }: Source, { begin, end, width }: Rows): Promise<Float32Array<ArrayBuffer>> {
    const [first] = this.#files;
    if (first && (sharing === "whole" || this.#files.length === 1)) return await first.readFloat32(name, begin, end);
    const out = new Float32Array((end - begin) * width);
    let at = 0; // the first row, or column, of a file's slice
    for (const file of this.#files) {
      const [rows = 0, columns = 1] = tensorOf(file, name).shape;
      if (sharing === "rows") {
        const [from, to] = [Math.max(begin, at), Math.min(end, at + rows)];
        if (from < to) out.set(await file.readFloat32(name, from - at, to - at), (from - begin) * width);
        at += rows;
      } else {
        const slice = await file.readFloat32(name, begin, end);
        for (let row = 0; row < end - begin; row++) {
          out.set(slice.subarray(row * columns, (row + 1) * columns), row * width + at);
        }
        at += columns;
      }
    }
    return out;
  }

  /** Closes all files. */
  close(): void {
    for (const file of this.#files) file.close();
  }

  /** Closes all files. */
  [Symbol.dispose](): void {
    this.close();
  }
}
