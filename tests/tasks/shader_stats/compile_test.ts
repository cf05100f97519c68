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
    const report = await compileOn(target, { cacheDir, only: ["product, 8 bits, 1 row", "fill"], save });
    assertEquals([report.target, report.driver, report.subgroups], ["vega10", "radv", 64]);
    assertEquals(report.kernels.map(({ name }) => name).sort(), ["fill", "product, 8 bits, 1 row"]);
    for (const { name, subgroupSize, vectorRegisters, instructions, scratchBytes } of report.kernels) {
      assertEquals([subgroupSize, scratchBytes], [64, 0], name);
      assert(vectorRegisters! > 0 && vectorRegisters! <= 256 && instructions > 10, name);
    }
    const product = report.kernels.find(({ name }) => name !== "fill")!;
    assertEquals(product.loop?.multiplyAdds, 16);
    assert(product.loop!.loads > 0 && product.loop!.share > 0.1);
    assert((await Deno.readTextFile(join(save, "vega10", "product_8_bits_1_row.asm"))).includes("s_endpgm"));
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
