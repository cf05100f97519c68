// The tests of what is computed, which must hold on every driver and at every width. As a program it prints them, from the
// project's folder on: deno test -A $(deno run tasks/card_report/numeric_tests.ts)

/** Folders and files of the tests, the quickest first. */
export const NUMERIC_TESTS: readonly string[] = [
  "tests/kernels/",
  "tests/models/golden_test.ts",
  "tests/models/golden_full_test.ts",
  "tests/models/reference_test.ts",
  "tests/models/training/full_trainer_test.ts",
  "tests/models/generation/golden_test.ts",
];

if (import.meta.main) console.log(NUMERIC_TESTS.join("\n"));
