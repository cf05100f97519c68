/** The projections of a LLaMA layer that LoRA can adapt, in the order in which a layer uses them. */
export const LORA_TARGETS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"] as const;

/** One of the seven projections of a layer. */
export type LoraTarget = (typeof LORA_TARGETS)[number];

/** True for the name of one of the seven projections. */
export function isLoraTarget(name: string): name is LoraTarget {
  return (LORA_TARGETS as readonly string[]).includes(name);
}

const BLOCKS: Readonly<Record<LoraTarget, string>> = {
  q_proj: "self_attn",
  k_proj: "self_attn",
  v_proj: "self_attn",
  o_proj: "self_attn",
  gate_proj: "mlp",
  up_proj: "mlp",
  down_proj: "mlp",
};

/** The name of a projection's weight (out, in) in a model file. */
export function projectionName(layer: number, target: LoraTarget): string {
  return `model.layers.${layer}.${BLOCKS[target]}.${target}.weight`;
}

/** The name of A (R, in) or B (out, R) of a projection in a PEFT adapter file. */
export function loraKey(layer: number, target: LoraTarget, side: "A" | "B"): string {
  return `base_model.model.model.layers.${layer}.${BLOCKS[target]}.${target}.lora_${side}.weight`;
}

/** Takes a PEFT key apart; undefined for any other name. */
export function parseLoraKey(key: string): { layer: number; target: LoraTarget; side: "A" | "B" } | undefined {
  const match = /^base_model\.model\.model\.layers\.(\d{1,5})\.(?:self_attn|mlp)\.(\w+)\.lora_([AB])\.weight$/.exec(
    key,
  );
  const [, layer, target, side] = match ?? [];
  if (layer === undefined || target === undefined || !isLoraTarget(target) || (side !== "A" && side !== "B")) {
    return undefined;
  }
  return loraKey(Number(layer), target, side) === key ? { layer: Number(layer), target, side } : undefined;
}
