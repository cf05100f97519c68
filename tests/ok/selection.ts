// Which tests belong to which file.
import { dirname } from "@std/path";
import type { Imports } from "../architecture/import_law.ts";

/** The tests of some changed files. */
export interface Selection {
  /** The tests to run, the nearest to the change first. */
  readonly tests: readonly string[];
  /** Tests that reach a changed file too, and are left out since there are too many. */
  readonly leftOut: readonly string[];
  /** Changed files that no test belongs to. */
  readonly untested: readonly string[];
}

/** Run whatever has changed: they look at all files. */
export const ALWAYS: readonly string[] = ["tests/architecture_test.ts", "tests/architecture/"];

/**
 * The tests of the changed files: those of the same name (`kernels/attention/rope.ts`: `tests/kernels/rope_test.ts`), then those
 * that import a changed file, by the number of imports in between. Files that are no modules, such as what a test
 * compares with, belong to the tests of the nearest folder that has some.
 *
 * @param imports every module of the repository with its imports
 * @param most as many tests are run
 */
export function selectTests(changed: readonly string[], imports: Imports, most: number): Selection {
  const importers = reverse(imports);
  const tests = [...imports.keys()].filter(isTest);
  const distances = new Map<string, number>();
  const untested: string[] = [];
  for (const file of changed) {
    const found = testsOf(file, importers, tests);
    if (found.size === 0 && isCode(file)) untested.push(file);
    for (const [test, distance] of found) {
      distances.set(test, Math.min(distance, distances.get(test) ?? Infinity));
    }
  }
  const sorted = [...distances]
    .filter(([test]) => !ALWAYS.some((place) => test.startsWith(place)))
    .sort(([a, near], [b, far]) => near - far || (a < b ? -1 : 1))
    .map(([test]) => test);
  return { tests: sorted.slice(0, most), leftOut: sorted.slice(most), untested };
}

/** The files that import one of the given ones themselves, and these. */
export function withImporters(files: readonly string[], imports: Imports): string[] {
  const importers = reverse(imports);
  const found = files.flatMap((file) => imports.has(file) ? [file, ...importers.get(file) ?? []] : []);
  return [...new Set(found.filter((file) => /\.tsx?$/.test(file)))].sort();
}

function testsOf(file: string, importers: ReadonlyMap<string, readonly string[]>, tests: readonly string[]) {
  const found = new Map<string, number>();
  const ofName = `tests/${file.replace(/\.\w+$/, "")}_test.ts`;
  if (tests.includes(ofName)) found.set(ofName, 0);
  const seen = new Set([file]);
  let front = [file];
  for (let distance = 0; front.length > 0; distance++) {
    for (const reached of front) if (isTest(reached) && !found.has(reached)) found.set(reached, distance);
    front = front.flatMap((reached) => importers.get(reached) ?? []).filter((next) => !seen.has(next));
    for (const next of front) seen.add(next);
  }
  if (found.size > 0 || !file.startsWith("tests/")) return found;
  for (let folder = dirname(file); folder !== "tests" && folder !== "."; folder = dirname(folder)) {
    const near = tests.filter((test) => dirname(test) === folder);
    if (near.length > 0) return new Map(near.map((test) => [test, 0]));
  }
  return found;
}

function reverse(imports: Imports): Map<string, string[]> {
  const importers = new Map<string, string[]>();
  for (const [file, targets] of imports) {
    for (const target of targets) importers.set(target, [...importers.get(target) ?? [], file]);
  }
  return importers;
}

function isTest(file: string): boolean {
  return file.startsWith("tests/") && file.endsWith("_test.ts");
}

function isCode(file: string): boolean {
  return /\.(tsx?|wgsl)$/.test(file);
}
