import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { packRows } from "../../../kernels/weight/weight_pack.ts";
import { writeInt8Model } from "../../../models/export/int8_model.ts";
import { type LlamaConfig, readConfig } from "../../../models/formats/config.ts";
import { FormatError } from "../../../models/formats/error.ts";
import { int8Rows, isInt8, scaledRows } from "../../../models/formats/int8_rows.ts";
import { llamaTensors } from "../../../models/formats/llama_tensors.ts";
import { openSafetensors, writeSafetensors } from "../../../models/formats/safetensors/safetensors.ts";
import { openWeights } from "../../../models/formats/weights.ts";
import { buildTokenizer } from "../../../models/formats/tokenizer/tokenizer_builder.ts";
import { writeRandomModel } from "../../../models/init_model.ts";
import { withFolder } from "../../datasets/testing.ts";

const values = Float32Array.from({ length: 5 * 12 }, (_, i) => Math.sin(i * i) * (1 + i % 7)).fill(0, 24, 36);

Deno.test("int8Rows() keeps every value to half a step of its row, a row of zeros too", () => {
  const { integers, scales } = int8Rows(values, 12);
  const back = scaledRows(new Uint8Array(integers.buffer), 12, scales);
  values.forEach((value, i) => assertAlmostEquals(back[i]!, value, scales[Math.floor(i / 12)]! * 0.5001));
  assertEquals([...back.subarray(24, 36)], Array(12).fill(0));
});

Deno.test("quantising what was int8 by rows gives the same blocks, so nothing is lost a second time", () => {
  const { integers, scales } = int8Rows(values, 12);
  const back = scaledRows(new Uint8Array(integers.buffer), 12, scales);
  const [first, second] = [packRows(values, 5, 12, 8), packRows(back, 5, 12, 8)];
  assertEquals(second.blocks, first.blocks);
  second.scales.forEach((scale, i) => assertAlmostEquals(scale, first.scales[i]!, 1e-7));
});

Deno.test("writeInt8Model() gives a model folder whose weights and config.json are read like any other's", async () => {
  await withFolder(async (directory) => {
    const config: LlamaConfig = {
      family: "llama",
      ...{ hiddenSize: 16, intermediateSize: 24, layers: 1, heads: 2, keyValueHeads: 2, headSize: 8 },
      ...{ maxPositions: 32, vocabularySize: 300, normEpsilon: 1e-6, ropeTheta: 10000, tiedEmbeddings: false },
      ...{ bosId: 1, eosIds: [2] },
    };
    const source = join(directory, "source");
    await writeRandomModel(source, { seed: 3, config, tokenizerJson: buildTokenizer(["abc abc"], 300) });
    await writeInt8Model(source, directory);
    assertEquals(await readConfig(directory), config);
    using before = await openWeights(source);
    using after = await openWeights(directory);
    for (const { name, shape } of llamaTensors(config)) {
      after.expectTensor(name, shape);
      const [wanted, found] = [await before.readFloat32(name), await after.readFloat32(name)];
      wanted.forEach((value, i) => assertAlmostEquals(found[i]!, value, 1e-3));
      if (shape.length === 2) {
        assertEquals(await after.readFloat32(name, 5, 7), found.slice(5 * shape[1]!, 7 * shape[1]!));
      }
    }
    const size = Deno.statSync(join(directory, "model.safetensors")).size;
    assert(size < Deno.statSync(join(source, "model.safetensors")).size * 0.4, `${size}`);
  });
});

Deno.test("an I8 tensor without a scale for each row is refused, naming it", async () => {
  await withFolder(async (directory) => {
    const path = join(directory, "model.safetensors");
    const weight = { name: "w", dtype: "I8" as const, shape: [4, 2], data: new Uint8Array(8) };
    for (const shape of [undefined, [3]]) {
      const scale = shape && { name: "w_scale", dtype: "F32" as const, shape, data: new Uint8Array(12) };
      await writeSafetensors(path, [weight, ...(scale ? [scale] : [])]);
      using file = await openSafetensors(path);
      await assertRejects(
        () => file.readFloat32("w"),
        FormatError,
        'tensor "w" is I8; wanted a scale for each of its 4 rows',
      );
    }
  });
});

Deno.test("isInt8() takes int8 with a scale a row alone", () => {
  const config = (weights: object, format = "int-quantized") => ({
    quant_method: "compressed-tensors",
    format,
    config_groups: { group_0: { targets: ["Linear"], weights } },
  });
  const weights = { num_bits: 8, type: "int", symmetric: true, strategy: "channel" };
  assert(isInt8(config(weights)));
  assert(!isInt8(config({ ...weights, num_bits: 4 })));
  assert(!isInt8(config({ ...weights, strategy: "group" })));
  assert(!isInt8(config({ ...weights, symmetric: false })));
  assert(!isInt8(config(weights, "pack-quantized")));
  assert(!isInt8({ quant_method: "gptq", bits: 8 }));
});
