import type { JsonObject } from "../json.ts";

/** Marks the field that carries the type of a meta. */
export declare const META: unique symbol;

/**
 * What flows along one wire of a pipeline: a folder of files, and a small JSON record about them (`Meta`) that is
 * available without opening the files. Two kinds with different names or metas never fit each other.
 */
export interface Kind<
  Name extends string = string,
  Meta extends object = object,
  Parts extends KindParts = NoParts,
> {
  /** Unique name, used in messages. */
  readonly name: Name;
  /** Sub-folders of the output that are kinds of their own, by folder name. */
  readonly parts: Parts;
  /** Carries the type of the meta; never present at run time. */
  readonly [META]?: Meta;
}

/** Parts of a kind: sub-folder name to its kind. */
export type KindParts = { readonly [part: string]: AnyKind };

/** No parts. */
export type NoParts = Record<never, never>;

/** Any kind at all. */
// deno-lint-ignore no-explicit-any
export type AnyKind = Kind<string, any, any>;

/** The meta record of a kind. */
export type MetaOf<K extends AnyKind> = K extends Kind<string, infer Meta, infer _Parts> ? Meta : never;

/** The parts of a kind. */
export type PartsOf<K extends AnyKind> = K["parts"];

/** The meta of the whole holds the meta of each part in a field of the part's name. */
export type MetaWithParts<Parts extends KindParts> = { readonly [P in keyof Parts]: MetaOf<Parts[P]> };

/** Makes kinds with a given meta: see {@link kind}. */
export interface KindMaker<Meta extends object> {
  /** A kind without parts. */
  <Name extends string>(name: Name): Kind<Name, Meta, NoParts>;
  /** A kind with parts; its meta must hold each part's meta in a field of the part's name. */
  <Name extends string, Parts extends KindParts>(
    name: Name,
    parts: Meta extends MetaWithParts<Parts> ? Parts : never,
  ): Kind<Name, Meta, Parts>;
}

/**
 * Defines a kind: `const dataset = kind<DatasetMeta>()("dataset")`. The empty call fixes the meta's type, so that the
 * name's can be inferred. A part is a sub-folder of the output that other stages may take by itself:
 * `const base = kind<BaseMeta>()("base", { tokenizer })` lets a pipeline write `b.tokenizer`; then `BaseMeta` must have
 * a field `tokenizer` with the tokenizer's meta.
 *
 * The meta is part of what a stage hands on: it enters the keys of the stages downstream. Keep timings out of it.
 *
 * @example
 * ```ts
 * import { inputFile, kind } from "vicuna";
 *
 * // A file of words, one a line.
 * const wordList = kind<{ readonly language: string }>()("word list");
 * const words = inputFile(wordList, "words.txt", { language: "zh" });
 * ```
 */
export function kind<Meta extends object = JsonObject>(): KindMaker<Meta> {
  return (name: string, parts: KindParts = {}) => Object.freeze({ name, parts: Object.freeze({ ...parts }) }) as never;
}
