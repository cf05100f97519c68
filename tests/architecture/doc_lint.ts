// `deno doc --lint mod.ts`, but for one thing: types of options are inferred from zod schemas, which are inside and stay so, since a
// declaration that repeats a schema is what the project does without. Any other private type in the public API, and any public
// name without documentation, is a fault. Exits with 1 when there is one.
import { stripVTControlCharacters } from "node:util";
import { fromFileUrl } from "@std/path";

/** Faults of a report of `deno doc --lint`, without references to the schemas that types are inferred from. */
export function faultsOf(report: string): string[] {
  return stripVTControlCharacters(report).split(/^(?=error\[)/m).slice(1).filter((fault) => {
    const referred = /references private type '(\w+)'/.exec(fault)?.[1];
    const isSchema = referred !== undefined && new RegExp(`\\bconst ${referred} = z\\.`).test(fault);
    return !isSchema;
  });
}

if (import.meta.main) {
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["doc", "--lint", "mod.ts"],
    cwd: fromFileUrl(new URL("../../", import.meta.url)),
  }).output();
  const report = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  if (!/Checked \d+ file|error\[/.test(stripVTControlCharacters(report))) {
    throw new Error(`deno doc --lint said:\n${report}`);
  }
  const faults = faultsOf(report);
  console.log(faults.join("\n") || "Every public name is documented, and of public types only.");
  if (faults.length > 0) Deno.exitCode = 1;
}
