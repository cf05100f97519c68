import type { AnyKind, MetaOf, PartsOf } from "./kind.ts";
import type { JsonObject } from "../json.ts";
import type { StageSpec } from "./stage_spec.ts";

/** Where a ref keeps what it stands for; a symbol, so that it never collides with the name of a part. */
export const REF: unique symbol = Symbol("vicuna.ref");

/**
 * A wire of a pipeline: the result, not yet computed, of a stage or an input. Parts of the result are properties:
 * if `b` is a ref of a kind with a part `tokenizer`, then `b.tokenizer` is a ref of that part.
 */
export type Ref<K extends AnyKind> =
  & { readonly [REF]: RefTarget<K> }
  & { readonly [P in keyof PartsOf<K>]: Ref<PartsOf<K>[P]> };

/** Any ref at all. */
export type AnyRef = { readonly [REF]: RefTarget<AnyKind> };

/** What a ref stands for. */
export interface RefTarget<K extends AnyKind> {
  /** The kind of the thing referred to. */
  readonly kind: K;
  /** What produces it. */
  readonly node: Node;
  /** Sub-folder of the node's output that is meant, such as `tokenizer`; empty for the whole. */
  readonly part: string;
}

/** A producer in a pipeline's graph. */
export type Node = StageNode | LeafNode;

/** One call of a stage. */
export interface StageNode {
  /** Tells the nodes apart. */
  readonly type: "stage";
  /** The stage that was called. */
  readonly stage: StageSpec;
  /** The refs passed for each declared input; an optional input that was left out is absent. */
  readonly inputs: Readonly<Record<string, AnyRef | readonly AnyRef[]>>;
  /** Parameters with all defaults filled in: part of the key. */
  readonly params: JsonObject;
  /** Settings with all defaults filled in: not part of the key. */
  readonly settings: JsonObject;
}

/** A file or a folder of the user's. */
export interface LeafNode {
  /** Tells the nodes apart. */
  readonly type: "leaf";
  /** Name of the kind of input. */
  readonly kind: string;
  /** Whether the input is one file or the files of a folder. */
  readonly form: "file" | "folder";
  /** As the user wrote it; relative paths resolve against the working folder. */
  readonly path: string;
  /** Which files of a folder belong to the input, by path relative to it with `/` between names. */
  readonly include: (name: string) => boolean;
  /** Which folders below a folder are looked into, by path relative to it. */
  readonly enter: (name: string) => boolean;
  /** Handed to the stages that read the input. */
  readonly meta: JsonObject;
}

/** Makes a ref, with a property for each part of its kind. */
export function makeRef<K extends AnyKind>(kind: K, node: Node, part = ""): Ref<K> {
  const ref: Record<PropertyKey, unknown> = { [REF]: { kind, node, part } satisfies RefTarget<K> };
  for (const [name, partKind] of Object.entries(kind.parts as Record<string, AnyKind>)) {
    const path = part === "" ? name : `${part}/${name}`;
    Object.defineProperty(ref, name, { enumerable: true, get: () => makeRef(partKind, node, path) });
  }
  return ref as Ref<K>;
}

/** Says whether a value is a ref. */
export function isRef(value: unknown): value is AnyRef {
  return typeof value === "object" && value !== null && REF in value;
}

/** The meta of a part is the field of its name in the meta of the whole. */
export function partMeta<K extends AnyKind>(meta: JsonObject, part: string): MetaOf<K> {
  let found: unknown = meta;
  for (const name of part === "" ? [] : part.split("/")) {
    found = typeof found === "object" && found !== null ? (found as Record<string, unknown>)[name] : undefined;
  }
  return found as MetaOf<K>;
}
