// deno task test-drivers: runs the numeric tests on every software driver there is, then compiles every shader that came up,
// and those of training steps with the sizes of real models, in Dawn on SwiftShader. Missing drivers are named.
import { fromFileUrl } from "@std/path";
import { z } from "../../mod.ts";
import { checkValues } from "../../tasks/cli/options/check_values.ts";
import { parseCommand } from "../../tasks/cli/command.ts";
import { flagsOf } from "../../tasks/cli/options/flags.ts";
import { formatDuration } from "../../tasks/cli/render/format.ts";
import { detectLanguage } from "../../tasks/cli/language.ts";
import { runMain } from "../../tasks/cli/main.ts";
import { messagesIn } from "../../tasks/cli/messages.ts";
import { LANG_OPTION } from "../../tasks/cli/options/shared_options.ts";
import { stopWords } from "../../tasks/cli/stop_words.ts";
import { driverMessagesIn } from "./messages.ts";
import { UsageError } from "../../tasks/cli/usage_error.ts";
import { type Driver, drivers, runOn } from "./drivers.ts";
import { NUMERIC_TESTS } from "../../tasks/card_report/numeric_tests.ts";

const options = z.object({
  driver: z.array(z.string()).optional(),
  bench: z.boolean().default(false),
  ...LANG_OPTION,
});

const path = (name: string) => fromFileUrl(new URL(name, import.meta.url));
/** The driver whose shaders Dawn compiles: those of the others differ in the number of lanes alone. */
const shadersFrom = "lavapipe, 256 bits";
/** What is measured with --bench: the int8 products, and the steps of two models. */
const benched = [
  ["--only", "kernels", "--shapes", "compared", "--bits", "8"],
  ["--config", "S", "--config", "M"],
];
let failed = 0;
let skipped = 0;

function report(name: string, passed: boolean, text: string): void {
  if (!passed) failed++;
  console.log(`${passed ? "✓" : "✗"} ${name}: ${text}`);
}

function skip(name: string, reason: string): void {
  skipped++;
  console.log(`- ${name}: skipped, ${reason}`);
}

async function testOn(driver: Driver, folder: string, signal: AbortSignal): Promise<void> {
  const saves = driver.name === shadersFrom;
  const on = { ...driver, env: { ...driver.env, ...(saves && { VICUNA_SHADER_FOLDER: folder }) } };
  const begin = performance.now();
  // Deno that a launcher has started takes the launcher for itself, so that its tests can start no Deno of their own.
  const left = driver.launcher === undefined ? [] : ["--ignore=tests/kernels/machine/adapter_test.ts"];
  const { success, output } = await runOn(on, ["test", "-A", ...left, ...NUMERIC_TESTS], signal);
  const summary = output.trimEnd().split("\n").findLast((line) => /^(ok|FAILED) \|/.test(line));
  const passed = success && summary !== undefined;
  const text = summary ?? "the tests ended without a summary";
  report(driver.name, passed, `${text}, ${formatDuration(performance.now() - begin, messagesIn("en"))}`);
  if (!passed) console.log(output);
  if (!saves) return;
  const steps = await runOn(on, ["run", "-A", path("save_shaders.ts")], signal);
  if (!steps.success) report(`${driver.name}, training steps`, false, steps.output);
}

async function benchOn(driver: Driver, signal: AbortSignal): Promise<void> {
  for (const args of benched) {
    const { success, output } = await runOn(driver, ["run", "-A", path("../../tasks/bench.ts"), ...args], signal);
    report(`${driver.name}, bench`, success, `\n${output.trimEnd()}`);
  }
}

async function inDawn(folder: string, signal: AbortSignal): Promise<void> {
  const swiftShader = drivers().find(({ name }) => name === "SwiftShader");
  if (!swiftShader || swiftShader.missing !== undefined) return skip("Dawn", swiftShader?.missing ?? "no SwiftShader");
  // Without the lock file: Dawn is none of the product's packages.
  const { success, output } = await runOn(swiftShader, ["run", "-A", "--no-lock", path("dawn.ts"), folder], signal);
  const line = output.split("\n").find((line) => line.startsWith("{"));
  if (!success || line === undefined) {
    if (/npm package|npm registry|error sending request/i.test(output)) {
      return skip("Dawn", "its package is out of reach");
    }
    return report("Dawn", false, output);
  }
  const { shaders, failures } = JSON.parse(line) as {
    shaders: number;
    failures: { shader: string; message: string }[];
  };
  report("Dawn", failures.length === 0 && shaders > 0, `${shaders - failures.length} of ${shaders} shaders compile`);
  for (const { shader, message } of failures) console.log(`  ${shader}: ${message}`);
}

await runMain(detectLanguage(Deno.args), async (signal) => {
  const language = detectLanguage(Deno.args);
  const common = messagesIn(language);
  const messages = driverMessagesIn(language);
  const parsed = parseCommand(Deno.args, {
    task: "test-drivers",
    usage: "[options]",
    description: messages.description,
    groups: [{ heading: common.optionsHeading, flags: flagsOf(options, { ...common.options, ...messages.options }) }],
  }, language);
  if (parsed.wantsHelp) return console.log(parsed.help);
  const { driver: wanted, bench } = checkValues(options, parsed.values, "test-drivers", language);
  const chosen = drivers().filter(({ name }) => wanted?.some((part) => name.includes(part)) ?? true);
  if (chosen.length === 0) {
    const names = drivers().map(({ name }) => name).join("; ");
    throw new UsageError(`--driver wants a part of a driver's name (${names}), found ${wanted?.join(", ")}`);
  }
  const folder = await Deno.makeTempDir({ prefix: "vicuna-shaders-" });
  try {
    for (const driver of chosen) {
      if (driver.missing !== undefined) {
        skip(driver.name, driver.missing);
        continue;
      }
      await testOn(driver, folder, signal);
      if (bench) await benchOn(driver, signal);
    }
    if (wanted === undefined) await inDawn(folder, signal);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
  console.log(`${failed} failed, ${skipped} skipped`);
  if (failed > 0) Deno.exitCode = 1;
}, stopWords(detectLanguage(Deno.args)));
