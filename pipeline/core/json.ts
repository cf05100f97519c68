/** Values that survive a round trip through JSON: what keys, manifests and events are made of. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json | undefined };

/** A JSON object. */
export type JsonObject = { readonly [key: string]: Json | undefined };

/** Says whether a value is an object literal (not an array, not an instance of a class). */
export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** The first thing in a value that JSON cannot carry: where it is and what it is. */
export interface JsonFault {
  /** Path inside the value, such as `lora.targets[1]`; empty for the value itself. */
  path: string;
  /** What was found there, such as `NaN` or `a function`. */
  found: string;
}

/**
 * Finds the first part of a value that JSON cannot carry faithfully: a non-finite number, undefined inside an array, a
 * function, a symbol, a bigint, an instance of a class, a cycle. Properties that are undefined count as absent.
 */
export function findJsonFault(value: unknown, path = "", ancestors: readonly unknown[] = []): JsonFault | undefined {
  if (value === null || typeof value === "boolean" || typeof value === "string") return undefined;
  if (typeof value === "number") return Number.isFinite(value) ? undefined : { path, found: String(value) };
  if (typeof value !== "object") return { path, found: value === undefined ? "undefined" : `a ${typeof value}` };
  if (ancestors.includes(value)) return { path, found: "a reference to itself" };
  const inside = [...ancestors, value];
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) {
      const fault = findJsonFault(value[i], `${path}[${i}]`, inside);
      if (fault !== undefined) return fault;
    }
    return undefined;
  }
  if (!isPlainObject(value)) return { path, found: `an instance of ${value.constructor?.name ?? "a class"}` };
  for (const [name, item] of Object.entries(value)) {
    if (item === undefined) continue;
    const fault = findJsonFault(item, path === "" ? name : `${path}.${name}`, inside);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

/**
 * A deep copy of a value without its undefined properties, so that `{ a: undefined }` and `{}` are the same.
 * Call only on values in which `findJsonFault` finds nothing.
 */
export function cloneJson<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}
