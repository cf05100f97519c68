import type { TestsRecord } from "./report.ts";

/** Longer messages of a failed test are cut. */
const longestMessage = 600;

/** The results in the output of `deno test --reporter=tap`, which may have been cut. */
export function readTap(output: string): TestsRecord {
  let [passed, skipped] = [0, 0];
  const failed: { name: string; message: string }[] = [];
  for (const line of output.split("\n")) {
    const [, not, name = "", skip] = /^(not )?ok \d+ - (.*?)( # SKIP.*)?$/.exec(line) ?? [];
    if (name === "") {
      const [, text] = /^ {2}(\{"message":.*\})$/.exec(line) ?? [];
      const last = failed.at(-1);
      if (text !== undefined && last) last.message = String(JSON.parse(text).message).slice(0, longestMessage);
    } else if (not) failed.push({ name, message: "" });
    else if (skip) skipped++;
    else passed++;
  }
  return { passed, skipped, failed };
}
