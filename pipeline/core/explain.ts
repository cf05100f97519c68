import { isPlainObject, type Json } from "./json.ts";
import type { CodeRecord, KeyRecord } from "./record.ts";

/** One difference between two key records, at a leaf. */
export type Change =
  | {
    /** A parameter has another value. */
    readonly type: "param";
    /** Such as `lora.rank`. */
    readonly path: string;
    /** Value before; absent if there was none. */
    readonly before?: Json;
    /** Value now; absent if there is none. */
    readonly after?: Json;
  }
  | {
    /** An input has another content. */
    readonly type: "input";
    /** Such as `inputs.data` or `inputs.sources[1]`. */
    readonly path: string;
    /** What happened to it. */
    readonly change: "changed" | "added" | "removed";
    /** Where it comes from now, such as `merge's output`; absent if it is gone. */
    readonly source?: string;
  }
  | {
    /** The stage declares another version. */
    readonly type: "version";
    /** Version before. */
    readonly before: number;
    /** Version now. */
    readonly after: number;
  }
  | {
    /** A module of a user's stage, or a package that it imports, is another. */
    readonly type: "code";
    /** Path relative to the stage's module, or the package with its version. */
    readonly name: string;
    /** What happened to it. */
    readonly change: "changed" | "added" | "removed";
  }
  | {
    /** The layout of keys is another. */
    readonly type: "format";
  };

/** Why a stage had to be computed. */
export type Reason =
  | {
    /** The cache knows no earlier result of the stage. */
    readonly type: "first";
  }
  | {
    /** Something differs from the nearest earlier result. */
    readonly type: "changed";
    /** Every difference, to the leaf. */
    readonly changes: readonly Change[];
  }
  | {
    /** It was computed before, but the result has been deleted from the cache. */
    readonly type: "gone";
  }
  | {
    /** The result in the cache is not what was published; it was set aside. */
    readonly type: "damaged";
    /** Which file, and what is wrong with it. */
    readonly detail: string;
  };

/** Where each input of a stage comes from: `data` or `sources[1]` to a few words. */
export type InputSources = Readonly<Record<string, string>>;

/**
 * Every difference between two records of one stage, to the leaf.
 *
 * @param unknown names of inputs whose digests are not known yet: they are passed over.
 */
export function diffRecords(
  before: KeyRecord,
  after: KeyRecord,
  sources: InputSources = {},
  unknown: ReadonlySet<string> = new Set(),
): Change[] {
  const changes: Change[] = before.format === after.format ? [] : [{ type: "format" }];
  changes.push(...diffCode(before.code, after.code));
  changes.push(...diffValues(before.params, after.params, ""));
  changes.push(...diffInputs(before.inputs, after.inputs, sources, unknown));
  changes.push(...diffValues(before.environment ?? {}, after.environment ?? {}, ""));
  return changes;
}

function diffCode(before: CodeRecord, after: CodeRecord): Change[] {
  if ("version" in before && "version" in after) {
    return before.version === after.version ? [] : [{ type: "version", before: before.version, after: after.version }];
  }
  const names = (code: CodeRecord): Record<string, string> =>
    "version" in code
      ? { [`version ${code.version}`]: "" }
      : { ...code.files, ...Object.fromEntries(code.packages.map((name) => [name, ""])) };
  return diffNames(names(before), names(after)).map((found) => ({ type: "code", ...found }));
}

function diffInputs(
  before: KeyRecord["inputs"],
  after: KeyRecord["inputs"],
  sources: InputSources,
  unknown: ReadonlySet<string>,
): Change[] {
  return diffNames(flatten(before), flatten(after))
    .filter(({ name }) => !unknown.has(name.replace(/\[\d+\]$/, "")))
    .map(({ name, change }) => {
      const source = change === "removed" ? undefined : sources[name];
      return { type: "input", path: `inputs.${name}`, change, ...(source === undefined ? {} : { source }) };
    });
}

function flatten(inputs: KeyRecord["inputs"]): Record<string, string> {
  const flat: Record<string, string> = {};
  for (const [name, digest] of Object.entries(inputs)) {
    if (typeof digest === "string") flat[name] = digest;
    else digest.forEach((item, i) => flat[`${name}[${i}]`] = item);
  }
  return flat;
}

function diffNames(
  before: Readonly<Record<string, string>>,
  after: Readonly<Record<string, string>>,
): { name: string; change: "changed" | "added" | "removed" }[] {
  const found: { name: string; change: "changed" | "added" | "removed" }[] = [];
  for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
    if (before[name] === after[name]) continue;
    const change = !(name in before) ? "added" : !(name in after) ? "removed" : "changed";
    found.push({ name, change });
  }
  return found;
}

function diffValues(before: Json | undefined, after: Json | undefined, path: string): Change[] {
  if (isPlainObject(before) && isPlainObject(after)) {
    const names = new Set([...Object.keys(before), ...Object.keys(after)]);
    return [...names].flatMap((name) =>
      diffValues(
        before[name] as Json | undefined,
        after[name] as Json | undefined,
        path === "" ? name : `${path}.${name}`,
      )
    );
  }
  if (JSON.stringify(before) === JSON.stringify(after)) return [];
  return [{
    type: "param",
    path,
    ...(before === undefined ? {} : { before }),
    ...(after === undefined ? {} : { after }),
  }];
}

/** A reason in English, for messages: `lora.rank 8 -> 16`. */
export function describeReason(reason: Reason): string {
  switch (reason.type) {
    case "first":
      return "first run";
    case "changed":
      return reason.changes.map(describeChange).join(", ");
    case "gone":
      return "its result is no longer in the cache";
    case "damaged":
      return `its result in the cache was damaged: ${reason.detail}`;
    default:
      return reason satisfies never;
  }
}

/** A change in English, for messages. */
export function describeChange(change: Change): string {
  switch (change.type) {
    case "param":
      return `${change.path} ${shortJson(change.before)} -> ${shortJson(change.after)}`;
    case "input":
      return `${change.path} ${change.change}${change.source === undefined ? "" : ` (${change.source})`}`;
    case "version":
      return `version ${change.before} -> ${change.after}`;
    case "code":
      return `${change.name} ${change.change}`;
    case "format":
      return "the cache has a new layout";
    default:
      return change satisfies never;
  }
}

/** A value as JSON, cut where it would fill a line. */
export function shortJson(value: Json | undefined): string {
  const text = value === undefined ? "(none)" : JSON.stringify(value);
  return text.length <= 60 ? text : `${text.slice(0, 57)}...`;
}
