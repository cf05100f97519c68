// What the browser keeps for this page. Where it keeps nothing, such as in a private window, all still works.

/** For good in the browser, or in this window until it is closed. */
export type Place = "localStorage" | "sessionStorage";

/** A value that was kept, if it has the form that is wanted. */
export function recall<T>(
  name: string,
  fits: (value: unknown) => value is T,
  place: Place = "localStorage",
): T | undefined {
  try {
    const value: unknown = JSON.parse(globalThis[place].getItem(`vicuna.${name}`) ?? "null");
    return fits(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Keeps a value. Where there is no room for it, nothing stays. */
export function remember(name: string, value: unknown, place: Place = "localStorage"): void {
  try {
    globalThis[place].setItem(`vicuna.${name}`, JSON.stringify(value));
  } catch {
    forget(name, place);
  }
}

/** Keeps a value no longer. */
export function forget(name: string, place: Place): void {
  try {
    globalThis[place].removeItem(`vicuna.${name}`);
  } catch { /* nothing is kept */ }
}

/** True for an object with string keys. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
