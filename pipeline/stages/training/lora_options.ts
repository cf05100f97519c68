import type { LlamaConfig } from "../../../models/formats/config.ts";
import { LORA_TARGETS } from "../../../models/formats/adapter/lora_names.ts";
import { z } from "../../core/mod.ts";

/** What LoRA adapts, as flags; {@link loraArgument} makes the argument `lora` of {@link train} of them. */
export const loraOptions = {
  loraRank: z.number().int().min(1).max(256).default(8).describe("rank of the adapter").meta({
    aliases: ["lora_r"],
  }),
  loraAlpha: z.number().positive().default(16).describe("scale of the adapter is alpha / rank"),
  loraDropout: z.number().min(0).lt(1).default(0.05).describe("share of the adapter's inputs dropped"),
  loraTargetModules: z.array(z.enum(LORA_TARGETS)).min(1).default(["q_proj", "v_proj"]).describe(
    "projections to adapt",
  ),
  loraLayers: z.number().int().min(0).default(0).describe("adapt only so many layers, the highest; 0: all"),
};

/** The same as the stage takes it. */
export const loraParams = z.object({
  rank: loraOptions.loraRank,
  alpha: loraOptions.loraAlpha,
  dropout: loraOptions.loraDropout,
  targets: loraOptions.loraTargetModules,
  layers: loraOptions.loraLayers,
});

const flags = z.object(loraOptions);

/** The argument `lora` of {@link train} that the flags of {@link loraOptions} ask for. */
export function loraArgument(options: z.output<typeof flags>): z.output<typeof loraParams> {
  return {
    rank: options.loraRank,
    alpha: options.loraAlpha,
    dropout: options.loraDropout,
    targets: options.loraTargetModules,
    layers: options.loraLayers,
  };
}

/** LoRA as the trainer takes it. */
export function loraOf<Settings extends { readonly layers: number }>(
  settings: Settings,
  { layers }: LlamaConfig,
): Settings {
  return { ...settings, layers: Math.min(settings.layers || layers, layers) };
}
