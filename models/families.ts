// The kinds of networks that are known, each in one entry: what its files are called, what it has that LLaMA has not, and
// what it may not have here. Nothing else asks for a family by its name. To add one, see docs/architecture.md.
import type { LoraTarget } from "./formats/adapter/lora_names.ts";

/** The projections whose results are cut into heads. */
export type HeadsTarget = Extract<LoraTarget, "q_proj" | "k_proj" | "v_proj">;

/** What sets a family apart. */
export interface Family {
  /** Its class in transformers: `architectures` of config.json. */
  readonly architecture: string;
  /** `general.architecture` of a GGUF file. Where families share one, a file is read as the first of them. */
  readonly gguf: string;
  /** Rows of a query or key head that one rotary angle turns in a GGUF file: neighbours, or rows D/2 apart as everywhere else. */
  readonly ggufRotary: "pairs" | "halves";
  /** The modules of a layer and those outside of layers, by Hugging Face's names, and GGUF's names for the same. */
  readonly names: Readonly<Record<"layer" | "other", Readonly<Record<string, string>>>>;
  /** Projections with a bias. */
  readonly biases: readonly HeadsTarget[];
  /** Whether each head of queries and keys is normed before its rotation. */
  readonly headNorms: boolean;
  /**
   * Field of config.json with the tokens that a token sees, itself among them; null for all. No window is computed, so
   * sequences that are longer are refused (sequence_limit.ts).
   */
  readonly window?: string;
  /** What config.json means where it leaves a field out: the defaults of the class, where they are not those of LLaMA's. */
  readonly defaults: Readonly<Record<string, unknown>>;
  /** Fields of config.json with the one value that is computed here; any other is refused. */
  readonly only: Readonly<Record<string, unknown>>;
  /** Fields of config.json that sound as if they changed the results, but do not in this family. */
  readonly harmless: readonly string[];
  /**
   * What tells the family in records of results (formats/config_record.ts), where it is not the field `family`: keys of
   * trainings follow from these records, so that those of families that were there before that field stay as they were.
   */
  readonly record?: Readonly<Record<string, true>>;
}

const NAMES = {
  layer: {
    "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
  },
  other: { "model.embed_tokens": "token_embd", "model.norm": "output_norm", "lm_head": "output" },
} as const;

const LLAMA: Family = {
  architecture: "LlamaForCausalLM",
  gguf: "llama",
  ggufRotary: "pairs",
  names: NAMES,
  biases: [],
  headNorms: false,
  defaults: {},
  only: { hidden_act: "silu", attention_bias: false, mlp_bias: false, use_sliding_window: false },
  harmless: ["sliding_window", "max_window_layers"],
};

const QWEN_DEFAULTS = {
  intermediate_size: 22016,
  vocab_size: 151936,
  max_position_embeddings: 32768,
  eos_token_id: null,
};

/** A family by its `model_type` in config.json. */
export type FamilyName = "llama" | "qwen2" | "qwen3" | "mistral";

const TABLE = {
  llama: { ...LLAMA, record: {} },
  qwen2: {
    ...LLAMA,
    architecture: "Qwen2ForCausalLM",
    gguf: "qwen2",
    ggufRotary: "halves",
    biases: ["q_proj", "k_proj", "v_proj"],
    defaults: QWEN_DEFAULTS,
    record: { attentionBias: true },
  },
  qwen3: {
    ...LLAMA,
    architecture: "Qwen3ForCausalLM",
    gguf: "qwen3",
    ggufRotary: "halves",
    names: {
      ...NAMES,
      layer: { ...NAMES.layer, "self_attn.q_norm": "attn_q_norm", "self_attn.k_norm": "attn_k_norm" },
    },
    headNorms: true,
    defaults: { ...QWEN_DEFAULTS, head_dim: 128 },
    record: { queryKeyNorm: true },
  },
  /** LLaMA with a window in its older models. llama.cpp takes it for LLaMA, and its files do not tell the window. */
  mistral: {
    ...LLAMA,
    architecture: "MistralForCausalLM",
    window: "sliding_window",
    defaults: {
      intermediate_size: 14336,
      num_key_value_heads: 8,
      max_position_embeddings: 131072,
      sliding_window: 4096,
    },
  },
} as const satisfies Record<FamilyName, Family>;

/** All families. */
export const FAMILIES: Readonly<Record<FamilyName, Family>> = TABLE;

/** The names of all families. */
export const FAMILY_NAMES = Object.keys(TABLE) as FamilyName[];

/** The family of networks that are made here from nothing, and of checkpoints in Meta's form. */
export const PLAIN_FAMILY: FamilyName = "llama";

/** Whether this is the name of a family. */
export function isFamilyName(name: string): name is FamilyName {
  return Object.hasOwn(TABLE, name);
}

/** The values of `general.architecture` in GGUF files that are read. */
export const GGUF_ARCHITECTURES: readonly string[] = [...new Set(FAMILY_NAMES.map((name) => FAMILIES[name].gguf))];

/** The family that a GGUF file's `general.architecture` stands for. */
export function familyOfGguf(architecture: string | undefined): FamilyName | undefined {
  return FAMILY_NAMES.find((name) => FAMILIES[name].gguf === architecture);
}
