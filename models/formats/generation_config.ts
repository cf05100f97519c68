import { join } from "@std/path";
import { z } from "zod";
import { FormatError } from "./error.ts";
import { readJsonFile } from "./json_file.ts";

/** How a model's publisher would have answers drawn; what is absent, the publisher leaves open. */
export interface SamplingDefaults {
  readonly doSample?: boolean;
  readonly temperature?: number;
  readonly topP?: number;
  readonly topK?: number;
  readonly minP?: number;
  readonly repetitionPenalty?: number;
}

/** What generation_config.json says. */
export interface GenerationConfig {
  /** Ids that end an answer. */
  readonly eosIds: readonly number[];
  readonly sampling: SamplingDefaults;
}

const Id = z.number().int();
const File = z.looseObject({
  eos_token_id: z.union([Id, z.array(Id)]).nullish(),
  do_sample: z.boolean().nullish(),
  temperature: z.number().min(0).nullish(),
  top_p: z.number().min(0).max(1).nullish(),
  top_k: z.number().int().min(0).nullish(),
  min_p: z.number().min(0).max(1).nullish(),
  repetition_penalty: z.number().gt(0).nullish(),
});

/**
 * Reads generation_config.json of a model folder: transformers' defaults of generation.
 *
 * @throws {FormatError} when it is there and not valid
 */
export async function readGenerationConfig(directory: string): Promise<GenerationConfig> {
  const path = join(directory, "generation_config.json");
  const parsed = File.safeParse(await readJsonFile(path) ?? {});
  if (!parsed.success) throw new FormatError(`${path}: ${z.prettifyError(parsed.error)}`);
  const file = parsed.data;
  const named = {
    doSample: file.do_sample,
    temperature: file.temperature,
    topP: file.top_p,
    topK: file.top_k,
    minP: file.min_p,
    repetitionPenalty: file.repetition_penalty,
  };
  return {
    eosIds: [file.eos_token_id ?? []].flat().filter((id) => id >= 0),
    sampling: Object.fromEntries(Object.entries(named).filter(([, value]) => value != null)),
  };
}
