// deno task test-drivers: runs the whole kernel suite on every software driver there is, then compiles every shader that
// came up, and those of training steps with the sizes of real models, in Dawn on SwiftShader. Missing drivers are named.
import { fromFileUrl } from "@std/path";
import { drivers, runOn } from "./drivers.ts";

const path = (name: string) => fromFileUrl(new URL(name, import.meta.url));
const folder = await Deno.makeTempDir({ prefix: "vicuna-shaders-" });
/** The driver whose shaders Dawn compiles. */
const shadersFrom = "lavapipe, 256 bits";
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

async function onEveryDriver(): Promise<void> {
  for (const driver of drivers()) {
    if (driver.missing !== undefined) {
      skip(driver.name, driver.missing);
      continue;
    }
    // The shaders of one driver are enough: those of the others differ in the number of lanes alone.
    const env = { ...driver.env, ...(driver.name === shadersFrom && { VICUNA_SHADER_FOLDER: folder }) };
    const { success, output } = await runOn({ env }, ["test", "-A", path("../kernels/")]);
    const summary = output.trimEnd().split("\n").findLast((line) => /^(ok|FAILED) \|/.test(line));
    const passed = success && summary !== undefined;
    report(driver.name, passed, summary ?? "the tests ended without a summary");
    if (!passed) console.log(output);
    if (driver.name !== shadersFrom) continue;
    const steps = await runOn({ env }, ["run", "-A", path("save_shaders.ts")]);
    if (!steps.success) report(`${driver.name}, training steps`, false, steps.output);
  }
}

async function inDawn(): Promise<void> {
  const swiftShader = drivers().find(({ name }) => name === "SwiftShader");
  if (!swiftShader || swiftShader.missing !== undefined) return skip("Dawn", swiftShader?.missing ?? "no SwiftShader");
  // Without the lock file: Dawn is none of the product's packages.
  const { success, output } = await runOn(swiftShader, ["run", "-A", "--no-lock", path("dawn.ts"), folder]);
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

try {
  await onEveryDriver();
  await inDawn();
} finally {
  await Deno.remove(folder, { recursive: true });
}
console.log(`${failed} failed, ${skipped} skipped`);
Deno.exit(failed ? 1 : 0);
