// deno task ok: formats, lints, checks and tests what changed.
import { join } from "@std/path";
import { z } from "../../mod.ts";
import { checkValues } from "../../tasks/cli/options/check_values.ts";
import { parseCommand } from "../../tasks/cli/command.ts";
import { flagsOf } from "../../tasks/cli/options/flags.ts";
import { formatDuration } from "../../tasks/cli/render/format.ts";
import { detectLanguage } from "../../tasks/cli/language.ts";
import { runMain } from "../../tasks/cli/main.ts";
import { messagesIn } from "../../tasks/cli/messages.ts";
import { LANG_OPTION } from "../../tasks/cli/options/shared_options.ts";
import { readImports, REPOSITORY, sourceFiles } from "../architecture/repository.ts";
import { comparePins, currentStages, PINS, readPins } from "../architecture/stage_guard.ts";
import { ALWAYS, selectTests, withImporters } from "./selection.ts";

const options = z.object({
  since: z.string().default("HEAD").describe("what the files are compared with, such as HEAD or main"),
  most: z.number().int().min(0).default(20).describe("files of tests that are run at most, the nearest first"),
  sameResults: z.boolean().default(false).describe("the changed code gives the same results: pin the stages again"),
  lang: LANG_OPTION.lang.describe("language of messages"),
});

const failed: string[] = [];

/** Runs a step and prints whether it passed; gives a text on what is wrong, empty where all is well. */
async function step(name: string, what: string, body: () => Promise<string>): Promise<void> {
  console.log(`${name}: ${what}`);
  const begin = performance.now();
  const problem = await body();
  if (problem !== "") failed.push(name);
  if (problem !== "") console.log(problem);
  console.log(
    `${problem === "" ? "✓" : "✗"} ${name}, ${formatDuration(performance.now() - begin, messagesIn("en"))}\n`,
  );
}

async function run(program: string, args: readonly string[]): Promise<{ success: boolean; output: string }> {
  const { success, stdout, stderr } = await new Deno.Command(program, {
    args: [...args],
    cwd: REPOSITORY,
    env: { DENO_NO_UPDATE_CHECK: "1" },
    stdin: "null",
  }).output();
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { success, output: decode(stdout) + (success ? "" : decode(stderr)) };
}

/** Runs Deno on some files; gives its output where it fails. */
async function deno(args: readonly string[], files: readonly string[]): Promise<string> {
  if (files.length === 0) return "";
  const { success, output } = await run(Deno.execPath(), [...args, ...files]);
  return success ? "" : output || `deno ${args.join(" ")} failed without a word`;
}

async function git(...args: string[]): Promise<string[]> {
  const { success, output } = await run("git", args);
  if (!success) throw new Error(`asking git for ${args.join(" ")}: ${output}`);
  return output.split("\0").filter((path) => path !== "");
}

/** Files that differ from a commit, new ones with them, without those that are gone. */
async function changedFiles(since: string): Promise<string[]> {
  const known = await git("diff", "--name-only", "-z", "--diff-filter=d", since, "--");
  const fresh = await git("ls-files", "--others", "--exclude-standard", "-z");
  return [...new Set([...known, ...fresh])].sort();
}

/** Pins raised versions and new stages. Changed code of the same version wants a decision. */
async function pin(sameResults: boolean): Promise<string> {
  const [pinned, current] = [await readPins(), await currentStages()];
  const open = Object.entries(current).filter(([name, { version, graph }]) =>
    pinned[name]?.version === version && pinned[name].graph !== graph
  );
  if (open.length > 0 && !sameResults) {
    const names = open.map(([name]) => name).join(", ");
    return `The code of ${names} changed, and not the version. Raise it where the results may differ; ` +
      "--same-results pins the stages as they are.";
  }
  if (comparePins(pinned, current).length > 0) await Deno.writeTextFile(PINS, JSON.stringify(current, null, 2) + "\n");
  return "";
}

await runMain(detectLanguage(Deno.args), async () => {
  const language = detectLanguage(Deno.args);
  const parsed = parseCommand(Deno.args, {
    task: "ok",
    usage: "[options]",
    description: "Formats, lints and checks the files that differ from a commit, pins the stages whose versions were " +
      "raised, and runs the tests that belong to the files: those of the same name, and those that import them, the " +
      "nearest first.",
    groups: [{ heading: "Options:", flags: flagsOf(options) }],
  }, language);
  if (parsed.wantsHelp) return console.log(parsed.help);
  const { since, most, sameResults } = checkValues(options, parsed.values, "ok", language);
  const changed = await changedFiles(since);
  if (changed.length === 0) return console.log(`nothing differs from ${since}`);
  const code = changed.filter((file) => /\.tsx?$/.test(file));
  const imports = await readImports(sourceFiles());
  const formatted = changed.filter((file) => /\.(tsx?|mjs|json|md|css|html|ya?ml)$/.test(file));
  const checked = withImporters(code, imports);
  const { tests, leftOut, untested } = selectTests(changed, imports, most);

  await step("format", `${formatted.length} files`, () => deno(["fmt", "--quiet", "--permit-no-files"], formatted));
  await step("lint", `${code.length} files`, () => deno(["lint", "--quiet", "--permit-no-files"], code));
  await step(
    "check",
    `${checked.length} files, those that import a changed one among them`,
    () => deno(["check", "--quiet"], checked),
  );
  await step("pin", "stages whose code changed", () => pin(sameResults));
  const all = [...ALWAYS, ...tests];
  await step(
    "test",
    `\n  ${all.join("\n  ")}`,
    () => deno(["test", "-A", "--no-check", "--parallel", "--quiet"], all.map((test) => join(REPOSITORY, test))),
  );
  if (leftOut.length > 0) {
    console.log(`${leftOut.length} more files of tests reach what changed, and were not run (--most ${most}).`);
  }
  if (untested.length > 0) console.log(`No test belongs to ${untested.join(", ")}.`);
  console.log(failed.length === 0 ? "ok" : `failed: ${failed.join(", ")}`);
  if (failed.length > 0) Deno.exitCode = 1;
});
