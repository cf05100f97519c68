import { assert, assertAlmostEquals, assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { type LlamaConfig, readConfig } from "../../models/formats/config.ts";
import { FormatError } from "../../models/formats/error.ts";
import { llamaTensors } from "../../models/formats/llama_tensors.ts";
import { openWeights } from "../../models/formats/weights.ts";
import { writeRandomModel } from "../../models/init_model.ts";
import { loadTokenizer } from "../../models/tokenizer/tokenizer.ts";
import { LLAMA_JSON, LLAMA_JSON_SIZE } from "./sample_tokenizers.ts";
import { inFolder } from "./temp_folder.ts";

const CONFIG: LlamaConfig = {
  family: "llama",
  hiddenSize: 48,
  intermediateSize: 68,
  layers: 2,
  heads: 6,
  keyValueHeads: 2,
  headSize: 8,
  vocabularySize: 400,
  maxPositions: 128,
  normEpsilon: 1e-5,
  ropeTheta: 10000,
  tiedEmbeddings: false,
  bosId: 1,
  eosIds: [2],
};

Deno.test("writeRandomModel() writes a folder that every reader takes", () =>
  inFolder(async (directory) => {
    await writeRandomModel(join(directory, "new"), { seed: 1, config: CONFIG, tokenizerJson: LLAMA_JSON });
    assertEquals(await readConfig(join(directory, "new")), CONFIG);
    using tokenizer = await loadTokenizer(join(directory, "new"));
    assertEquals([tokenizer.bosId, tokenizer.eosId, tokenizer.vocabularySize], [1, 2, LLAMA_JSON_SIZE]);
    using weights = await openWeights(join(directory, "new"));
    assertEquals(weights.names().length, 1 + 2 * 9 + 2);
    for (const { name, shape } of llamaTensors(CONFIG)) weights.expectTensor(name, shape);
    assert((await weights.readFloat32("model.norm.weight")).every((value) => value === 1));
  }));

Deno.test("writeRandomModel() draws normal values, other ones in every tensor", () =>
  inFolder(async (directory) => {
    await writeRandomModel(directory, { seed: 3, config: CONFIG, tokenizerJson: LLAMA_JSON, initializerRange: 0.5 });
    using weights = await openWeights(directory);
    const values = await weights.readFloat32("model.embed_tokens.weight");
    const moment = (power: number) => values.reduce((sum, value) => sum + (value / 0.5) ** power, 0) / values.length;
    [0, 1, 0, 3].forEach((wanted, i) => assertAlmostEquals(moment(i + 1), wanted, 0.15));
    const apart = (lag: number) => {
      let sum = 0;
      for (let i = lag; i < values.length; i++) sum += values[i]! * values[i - lag]! / 0.25;
      return sum / values.length;
    };
    for (const lag of [1, 2, 48, 256]) assertAlmostEquals(apart(lag), 0, 0.03);
    const q = await weights.readFloat32("model.layers.0.self_attn.q_proj.weight");
    const o = await weights.readFloat32("model.layers.0.self_attn.o_proj.weight");
    assertAlmostEquals(q.reduce((sum, value, i) => sum + value * o[i]! / 0.25, 0) / q.length, 0, 0.08);
  }));

Deno.test("writeRandomModel() gives the same bytes for the same seed only", () =>
  inFolder(async (directory) => {
    const bytes = async (seed: number) => {
      await writeRandomModel(directory, { seed, config: CONFIG, tokenizerJson: LLAMA_JSON });
      return await Deno.readFile(join(directory, "model.safetensors"));
    };
    const first = await bytes(1);
    assertEquals(await bytes(1), first);
    assertNotEquals(await bytes(2), first);
  }));

Deno.test("writeRandomModel() refuses a vocabulary that is too small for the tokenizer", () =>
  inFolder(async (directory) => {
    const config = { ...CONFIG, vocabularySize: LLAMA_JSON_SIZE - 1 };
    const make = () => writeRandomModel(directory, { seed: 1, config, tokenizerJson: LLAMA_JSON });
    await assertRejects(make, FormatError, `vocabularySize is ${LLAMA_JSON_SIZE - 1}`);
    assertEquals([...Deno.readDirSync(directory)], []);
  }));

Deno.test("writeRandomModel() refuses heads of a width that the kernels do not compute, and writes nothing", () =>
  inFolder(async (directory) => {
    const config = { ...CONFIG, hiddenSize: 72, headSize: 12 };
    const write = () => writeRandomModel(join(directory, "new"), { seed: 1, config, tokenizerJson: LLAMA_JSON });
    await assertRejects(write, FormatError, "new: head size is 12; wanted a multiple of 8");
    assertEquals([...Deno.readDirSync(directory)], []);
  }));
