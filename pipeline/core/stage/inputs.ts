import { fromFileUrl } from "@std/path";
import { PipelineError } from "../errors.ts";
import { cloneJson, findJsonFault, type JsonObject } from "../json.ts";
import type { AnyKind, MetaOf } from "./kind.ts";
import { makeRef, type Ref } from "./ref.ts";

/**
 * A file of the user's as an input of a pipeline. It is identified by its content and by `meta`: the same bytes at
 * another path, or touched, are the same input. The file is read when the pipeline runs, not here.
 *
 * @param path relative to the working folder, absolute, or a `file:` URL (`new URL("rows.json", import.meta.url)`).
 */
export function inputFile<K extends AnyKind>(kind: K, path: string | URL, meta: MetaOf<K>): Ref<K> {
  return makeRef(kind, {
    type: "leaf",
    kind: kind.name,
    form: "file",
    path: plainPath(path),
    include: () => true,
    enter: () => true,
    meta: checkedMeta(kind, meta),
  });
}

/** Options of {@link inputFolder}. */
export interface InputFolderOptions<K extends AnyKind> {
  /** Which files belong to the input, by path relative to the folder with `/` between names. All, when left out. */
  include?: (name: string) => boolean;
  /** Which folders below are looked into, by path relative to the folder. All, when left out. */
  enter?: (name: string) => boolean;
  /** Handed to the stages that read the input. */
  meta: MetaOf<K>;
}

/**
 * The files of a folder of the user's as an input of a pipeline, identified by their relative names and contents, and
 * by `meta`. Files that `include` leaves out do not count, and the stages that read the input must not read them.
 */
export function inputFolder<K extends AnyKind>(kind: K, path: string | URL, options: InputFolderOptions<K>): Ref<K> {
  return makeRef(kind, {
    type: "leaf",
    kind: kind.name,
    form: "folder",
    path: plainPath(path),
    include: options.include ?? (() => true),
    enter: options.enter ?? (() => true),
    meta: checkedMeta(kind, options.meta),
  });
}

function plainPath(path: string | URL): string {
  return path instanceof URL ? fromFileUrl(path) : path;
}

function checkedMeta(kind: AnyKind, meta: unknown): JsonObject {
  const fault = findJsonFault(meta);
  if (fault !== undefined) {
    throw new PipelineError(
      `input of kind ${kind.name}: meta${fault.path && `.${fault.path}`} is ${fault.found}, not JSON`,
    );
  }
  return cloneJson(meta) as JsonObject;
}
