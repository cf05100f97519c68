import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { FAMILY_NAMES } from "../../../models/families.ts";
import { configToJson, type LlamaConfig, parseConfig, readConfig } from "../../../models/formats/config.ts";
import { FormatError } from "../../../models/formats/error.ts";

const parse = (record: Record<string, unknown>) => parseConfig({ model_type: "llama", ...record }, "config.json");

Deno.test("parseConfig() has the defaults of transformers, which are LLaMA 7B's", () => {
  assertEquals(parse({}), {
    family: "llama",
    hiddenSize: 4096,
    intermediateSize: 11008,
    layers: 32,
    heads: 32,
    keyValueHeads: 32,
    headSize: 128,
    vocabularySize: 32000,
    maxPositions: 2048,
    normEpsilon: 1e-6,
    ropeTheta: 10000,
    tiedEmbeddings: false,
    bosId: 1,
    eosIds: [2],
  });
});

Deno.test("parseConfig() reads LLaMA 3's form, old and new", () => {
  const stretch = {
    factor: 8.0,
    low_freq_factor: 1.0,
    high_freq_factor: 4.0,
    original_max_position_embeddings: 8192,
    rope_type: "llama3",
  };
  const shape = { num_key_value_heads: 8, max_position_embeddings: 131072, eos_token_id: [128001, 128008, 128009] };
  const old = parse({ ...shape, rope_theta: 500000.0, rope_scaling: stretch });
  assertEquals([old.keyValueHeads, old.ropeTheta, old.eosIds], [8, 500000, [128001, 128008, 128009]]);
  assertEquals(old.ropeScaling, {
    factor: 8,
    lowFrequencyFactor: 1,
    highFrequencyFactor: 4,
    originalMaxPositions: 8192,
  });
  assertEquals(parse({ ...shape, rope_parameters: { ...stretch, rope_theta: 500000.0 } }), old);
  const { rope_type: _, ...rest } = stretch;
  assertEquals(parse({ ...shape, rope_theta: 500000.0, rope_scaling: { ...rest, type: "llama3" } }), old);
  assertEquals(parse({ rope_parameters: { rope_type: "default", rope_theta: 5 } }).ropeScaling, undefined);
});

Deno.test("parseConfig() reads null where older files have it", () => {
  const config = parse({ num_key_value_heads: null, rope_scaling: null, eos_token_id: null, head_dim: null });
  assertEquals([config.keyValueHeads, config.eosIds, config.headSize], [32, [], 128]);
});

Deno.test("parseConfig() reads Qwen2's and Qwen3's networks", () => {
  const shape = { hidden_size: 896, num_attention_heads: 14, num_key_value_heads: 2, bos_token_id: 151643 };
  const two = parse({ ...shape, model_type: "qwen2", use_sliding_window: false, sliding_window: 32768 });
  assertEquals([two.family, two.headSize], ["qwen2", 64]);
  assertEquals([two.vocabularySize, two.maxPositions, two.bosId], [151936, 32768, 151643]);
  const three = parse({ ...shape, model_type: "qwen3", attention_bias: false, rope_theta: 1e6 });
  assertEquals([three.family, three.headSize], ["qwen3", 128]);
  assertEquals(three.ropeTheta, 1e6);
});

Deno.test("parseConfig() reads Mistral's window: 4096 where it is not written, none where it is null", () => {
  const window = (record: Record<string, unknown>) => parse({ model_type: "mistral", ...record }).slidingWindow;
  assertEquals([window({}), window({ sliding_window: 1000 }), window({ sliding_window: null })], [
    4096,
    1000,
    undefined,
  ]);
  const config = parse({ model_type: "mistral" });
  assertEquals([config.family, config.keyValueHeads, config.intermediateSize], ["mistral", 8, 14336]);
});

const REFUSED: [record: Record<string, unknown>, message: string][] = [
  [{ model_type: "made-up" }, 'model_type is "made-up"; supported: "llama", "qwen2", "qwen3", "mistral"'],
  [{ model_type: "__proto__" }, 'model_type is "__proto__"'],
  [{ model_type: "qwen2", use_sliding_window: true }, "use_sliding_window is true"],
  [{ model_type: "qwen3", attention_bias: true }, "attention_bias is true"],
  [{ hidden_act: "gelu" }, 'hidden_act is "gelu"'],
  [{ model_type: "mistral", sliding_window: "4096" }, "sliding_window"],
  [{ model_type: "mistral", sliding_window: 0 }, "sliding_window"],
  [{ attention_bias: true }, "attention_bias is true"],
  [{ mlp_bias: true }, "mlp_bias is true"],
  [{ layer_types: ["full_attention", "sliding_attention"] }, 'layer_types is "sliding_attention"'],
  [{ attention_multiplier: 0.5 }, "attention_multiplier is 0.5; supported: nothing, since it is not known here"],
  [{ final_logit_softcapping: 30 }, "final_logit_softcapping is 30"],
  [{ num_local_experts: 8 }, "num_local_experts is 8"],
  [{ use_qk_norm: true }, "use_qk_norm is true"],
  [{ rope_scaling: { type: "linear", factor: 2 } }, 'rope_scaling has the type "linear"'],
  [{ rope_parameters: { rope_type: "yarn" } }, 'rope_parameters has the type "yarn"'],
  [{ rope_scaling: { rope_type: "llama3", factor: 8 } }, "low_freq_factor"],
  [{ partial_rotary_factor: 0.5 }, "partial_rotary_factor is 0.5"],
  [{ quantization_config: { quant_method: "gptq" } }, "quantization_config is set"],
  [{ hidden_size: 30, num_attention_heads: 5 }, "hidden_size is 30; wanted a multiple of 4"],
  [{ intermediate_size: 11010 }, "intermediate_size is 11010; wanted a multiple of 4"],
  [{ hidden_size: 24, num_attention_heads: 4 }, "head size is 6; wanted a multiple of 8"],
  [{ hidden_size: 48, num_attention_heads: 4 }, "head size is 12; wanted a multiple of 8"],
  [{ hidden_size: 4100 }, "hidden_size 4100 is not a multiple of num_attention_heads 32"],
  [{ num_key_value_heads: 5 }, "is not a multiple of num_key_value_heads 5"],
  [{ hidden_size: "4096" }, "hidden_size"],
  [{ num_hidden_layers: 0 }, "num_hidden_layers"],
  [{ vocab_size: 1.5 }, "vocab_size"],
];

Deno.test("parseConfig() refuses other networks and impossible shapes, by field", () => {
  for (const [record, message] of REFUSED) assertThrows(() => parse(record), FormatError, message);
  assertThrows(() => parseConfig([], "config.json"), FormatError);
  assertThrows(() => parseConfig({}, "config.json"), FormatError, "model_type");
});

Deno.test("parseConfig() lets fields be that ask for nothing, or that change nothing here", () => {
  const fields = {
    logit_scale: 1,
    residual_multiplier: 1,
    attn_logit_softcapping: null,
    num_experts: 0,
    qk_norm: false,
  };
  const others = {
    attention_dropout: 0.1,
    initializer_range: 0.02,
    sliding_window: 4096,
    max_window_layers: 28,
    note: 3,
  };
  assertEquals(parse({ ...fields, ...others, layer_types: ["full_attention"] }), parse({}));
});

Deno.test("configToJson() writes what parseConfig() reads", () => {
  const config: LlamaConfig = {
    family: "llama",
    hiddenSize: 48,
    intermediateSize: 68,
    layers: 3,
    heads: 6,
    keyValueHeads: 2,
    headSize: 8,
    vocabularySize: 67,
    maxPositions: 64,
    normEpsilon: 1e-5,
    ropeTheta: 50000,
    ropeScaling: { factor: 8, lowFrequencyFactor: 1, highFrequencyFactor: 4, originalMaxPositions: 32 },
    tiedEmbeddings: true,
    bosId: 1,
    eosIds: [2, 5],
  };
  assertEquals(parseConfig(JSON.parse(configToJson(config)), "config.json"), config);
  for (const family of FAMILY_NAMES) {
    const own = { ...config, family };
    assertEquals(parseConfig(JSON.parse(configToJson(own)), "config.json"), own);
  }
  const windowed: LlamaConfig = { ...config, family: "mistral", slidingWindow: 32 };
  assertEquals(parseConfig(JSON.parse(configToJson(windowed)), "config.json"), windowed);
  const { ropeScaling: _, ...plain } = { ...config, eosIds: [2] };
  assertEquals(parseConfig(JSON.parse(configToJson(plain)), "config.json"), plain);
});

Deno.test("readConfig() says when the folder is no model folder", async () => {
  const directory = await Deno.makeTempDir();
  await assertRejects(() => readConfig(directory), FormatError, "it has no config.json");
  await Deno.remove(directory);
});
