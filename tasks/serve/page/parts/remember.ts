// What the browser keeps for this page. Where it keeps nothing, such as in a private window, all still works.

/** A value that was kept, if it has the form that is wanted. */
export function recall<T>(name: string, fits: (value: unknown) => value is T): T | undefined {
  try {
    const value: unknown = JSON.parse(localStorage.getItem(`vicuna.${name}`) ?? "null");
    return fits(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Keeps a value. */
export function remember(name: string, value: unknown): void {
  try {
    localStorage.setItem(`vicuna.${name}`, JSON.stringify(value));
  } catch { /* it is forgotten with the page */ }
}

/** True for an object with string keys. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
