import type { z } from "./schema.ts";
import type { AnyRef } from "./ref.ts";

/** Marks a pipeline. */
export const PIPELINE: unique symbol = Symbol.for("vicuna.pipeline");

/** What a pipeline's `build` returns: the results that its user wants, by name. */
export type Targets = { readonly [name: string]: AnyRef };

/** What a pipeline says of itself and of its options in a language. */
export interface PipelineTexts<Options extends z.ZodObject = z.ZodObject> {
  /** The description. */
  readonly description?: string;
  /** Texts of its options. One that has the words of a stage's option has its translation as well, and needs none here. */
  readonly options?: { readonly [Name in keyof z.output<Options>]?: string };
}

/** What {@link pipeline} is given. */
export interface PipelineDefinition<Options extends z.ZodObject, T extends Targets> {
  /** Names the pipeline in messages and in the default output folder; the file's name when left out. */
  readonly name?: string;
  /** One or two sentences for `--help`. */
  readonly description?: string;
  /** What it says in other languages, by language (`zh`); English stands above and in the options. */
  readonly translations?: Readonly<Record<string, PipelineTexts<Options>>>;
  /** The pipeline's options: they become its command-line flags, with types, defaults and descriptions. */
  readonly options: Options;
  /** Wires the stages together and returns the results that are wanted. Computes nothing. */
  build(options: z.output<Options>): T | Promise<T>;
}

/** A pipeline, ready to run. Made by {@link pipeline}. */
export interface Pipeline<Options extends z.ZodObject = z.ZodObject, T extends Targets = Targets>
  extends PipelineDefinition<Options, T> {
  /** Marks pipelines, also those made by another copy of this module. */
  readonly [PIPELINE]: true;
}

/** A pipeline whose options and targets are of no interest. */
// deno-lint-ignore no-explicit-any
export type AnyPipeline = Pipeline<any, any>;

/**
 * Defines a pipeline. A pipeline file exports one as its default; `./vicuna train FILE` runs it.
 *
 * @example
 * ```ts
 * import { belle, merge, modelNamed, pipeline, quantize, tokenize, train, z } from "vicuna";
 *
 * export default pipeline({
 *   description: "Trains an adapter on BELLE's rows.",
 *   options: z.object({
 *     baseModel: z.string().describe("folder of the base model, or owner/name on the hub"), // --base-model
 *     epochs: z.number().positive().default(3).describe("passes over the rows"),
 *   }),
 *   build({ baseModel, epochs }) {
 *     const base = quantize({ model: modelNamed(baseModel), bits: 8 });
 *     const data = merge({ sources: [belle("belle.json")], validation: 200 });
 *     const tokens = tokenize({ data, tokenizer: base.tokenizer });
 *     return { adapter: train({ base, tokens, epochs }) };
 *   },
 * });
 * ```
 */
export function pipeline<Options extends z.ZodObject, T extends Targets>(
  definition: PipelineDefinition<Options, T>,
): Pipeline<Options, T> {
  return Object.freeze({ ...definition, build: definition.build.bind(definition), [PIPELINE]: true as const });
}

/** Says whether a value is a pipeline. */
export function isPipeline(value: unknown): value is Pipeline {
  return typeof value === "object" && value !== null && PIPELINE in value;
}
