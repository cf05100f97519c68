import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { UsageError } from "../../../tasks/cli/usage_error.ts";
import { compileOn } from "../../../tasks/shader_stats/compile.ts";
import { layerEnvironment } from "../../../tasks/shader_stats/layer.ts";
import { systemTargets } from "../../../tasks/shader_stats/targets.ts";

/** Why nothing can be compiled here; undefined where it can. */
async function obstacle(folder: string): Promise<string | undefined> {
  const missing = systemTargets()[0]!.missing;
  return missing ?? await layerEnvironment(folder).then(() => undefined, (error: Error) => error.message);
}

const cacheDir = await Deno.makeTempDir({ prefix: "vicuna-shader-stats-" });
globalThis.addEventListener("unload", () => Deno.removeSync(cacheDir, { recursive: true }));
const reason = await obstacle(cacheDir);
const why = reason === undefined ? "" : ` (skipped: ${reason})`;

Deno.test({
  name: `compileOn() says what AMD's compiler makes of a kernel for a card that is not there${why}`,
  ignore: reason !== undefined,
  async fn() {
    const target = systemTargets().find(({ name }) => name === "vega10")!;
    const save = join(cacheDir, "saved");
    const only = ["product, 8 bits, 1 row", "fill"];
    const report = await compileOn(target, { cacheDir, only, careful: ["fill"], save });
    assertEquals([report.target, report.driver, report.subgroups], ["vega10", "radv", 64]);
    assertEquals(report.kernels.map(({ name }) => name).sort(), ["fill", "product, 8 bits, 1 row"]);
    for (const { name, subgroupSize, vectorRegisters, instructions, scratchBytes } of report.kernels) {
      assertEquals([subgroupSize, scratchBytes], [64, 0], name);
      assert(vectorRegisters! > 0 && vectorRegisters! <= 256 && instructions > 10, name);
    }
    const product = report.kernels.find(({ name }) => name !== "fill")!;
    assertEquals(
      report.kernels.map(({ latency }) => latency !== null),
      report.kernels.map(({ name }) => name !== "fill"),
    );
    assertEquals(product.loop?.multiplyAdds, 16);
    assert(product.loop!.loads > 0 && product.loop!.share > 0.1);
    assert((await Deno.readTextFile(join(save, "vega10", "product_8_bits_1_row.asm"))).includes("s_endpgm"));
  },
});

/** A program in place of Deno, which falls over the shader "one", with its estimates or always. */
async function fallingLauncher(always: boolean): Promise<string> {
  const said = { executables: [{ subgroupSize: 32, statistics: {}, texts: { Assembly: "\ts_endpgm" } }] };
  const lines = [{ card: "c", driver: "d", version: "v" }, { shader: "one", code: "", subgroups: 32 }];
  const write = (line: unknown) => `echo '${JSON.stringify(line).replaceAll("\\", "\\\\")}' >>"$VICUNA_SHADER_STATS"\n`;
  const path = join(cacheDir, `falls-${always}`);
  const script = `#!/bin/sh\n${lines.map(write).join("")}` +
    `case "$*" in *'"careful":["one"]'*) ${always ? "exit 6" : ":"} ;; *) echo "it fell" >&2; exit 134 ;; esac\n` +
    write(said) + write({ finished: true });
  await Deno.writeTextFile(path, script, { mode: 0o755 });
  return path;
}

Deno.test({
  name:
    `compileOn() asks without estimates where a compiler fell over them, and names a shader that it cannot do${why}`,
  ignore: reason !== undefined,
  async fn() {
    const target = async (always: boolean) => ({
      ...{ name: "falling", card: "c", compiler: "aco" as const, env: {} },
      launcher: await fallingLauncher(always),
    });
    const { kernels } = await compileOn(await target(false), { cacheDir });
    assertEquals(kernels.map(({ name, instructions, latency }) => [name, instructions, latency]), [["one", 1, null]]);
    const failing = compileOn(await target(true), { cacheDir });
    await assertRejects(() => failing, Error, "compiling shaders for falling ended with 6 at one");
  },
});

Deno.test("layerEnvironment() says what to install where there is no compiler", async () => {
  await assertRejects(
    () => layerEnvironment(join(cacheDir, "empty"), undefined, join(cacheDir, "no-cc")),
    UsageError,
    "apt-get install gcc libc6-dev libvulkan-dev",
  );
  assertEquals([...Deno.readDirSync(join(cacheDir, "empty", "shader-stats"))], []);
});
