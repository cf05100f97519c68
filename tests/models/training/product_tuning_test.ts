import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { openDevice } from "../../../kernels/gpu/device.ts";
import { variantFor } from "../../../kernels/product/product_choice.ts";
import { readConfig } from "../../../models/formats/config.ts";
import { paysToTune, productShapes, tuneForTraining } from "../../../models/training/product_tuning.ts";
import { inFolder } from "../temp_folder.ts";

const config = await readConfig(new URL("../goldens/grouped", import.meta.url).pathname);
const shape = { config, bits: 4, tokens: 24, headRows: 64 } as const;

Deno.test("productShapes() lists both products of each projection and of the head, with the bits of each", () => {
  const shapes = productShapes(shape);
  assertEquals(shapes.length, 2 * (7 * config.layers + 1));
  assertEquals(shapes.at(0), {
    op: "product",
    bits: 8,
    rows: 64,
    inner: config.hiddenSize,
    outer: config.vocabularySize,
  });
  assert(shapes.some(({ op, bits, inner }) => op === "product_transposed" && bits === 4 && inner === 68));
});

Deno.test("tuneForTraining() measures once a device, and again where its note is damaged or not its own", async () => {
  await inFolder(async (folder) => {
    const device = await openDevice();
    // No time to measure: the defaults are noted.
    const tune = () => tuneForTraining(device, shape, { folder, budgetMs: -1 });
    const measured = await tune();
    assert(measured > 0);
    const [note] = [...Deno.readDirSync(folder)].map(({ name }) => join(folder, name));
    const text = await Deno.readTextFile(note!);
    assertEquals(await tune(), 0);
    for (const damaged of [text.slice(0, 40), text.replace("description", "other"), "[]"]) {
      await Deno.writeTextFile(note!, damaged);
      assertEquals(await tune(), measured, damaged);
    }
    const [key, wanted] = ["product_transposed 4 bits, 32 rows, 128 to 64", "register-8x8"];
    const changed = JSON.parse(text);
    assert(key in changed.choices, text);
    changed.choices[key] = wanted;
    await Deno.writeTextFile(note!, JSON.stringify(changed));
    assertEquals(await tune(), 0);
    assertEquals(
      variantFor(device, { op: "product_transposed", bits: 4, rows: 24, inner: 68, outer: 48 }).name,
      wanted,
    );
    assertEquals([...Deno.readDirSync(folder)].length, 1, "nothing else is left behind");
    device.close();
  });
});

Deno.test("tuneForTraining() goes on where its note cannot be written", async () => {
  const device = await openDevice();
  assert(await tuneForTraining(device, shape, { folder: "/nowhere/at/all", budgetMs: -1 }) > 0);
  device.close();
});

Deno.test("paysToTune() is for long trainings only", () => {
  assert(!paysToTune(config, 1e6));
  assert(paysToTune(config, 1e9));
});
