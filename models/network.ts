// The network, described once: what happens to a token between its id and the logits after it, step by step, by the names
// of weights and activations. Two sets of operations carry it out: those of training, forward (pass.ts) and backward
// (backward.ts, from the last step to the first), and those of decoding with a cache (generation/decode_pass.ts).
//
// The description is a list of steps and no function that calls operations, since backward walks it the other way, and what
// is computed again stops before a layer's last product. A step is as large as the most that one of the sets does at once:
// decoding turns queries and keys while it stores them, and multiplies by the gate while it stores the other half's
// product. In smaller steps it would take more launches and buffers; how a set does a step is its own affair.
import { FAMILIES, FAMILY_NAMES, type FamilyName, type HeadsTarget } from "./families.ts";

/** What a layer's steps hand on: x and next are the residual stream before and after the layer. */
export type Activation =
  | "x"
  | "normed"
  | "q"
  | "k"
  | "v"
  | "attended"
  | "middle"
  | "normedMiddle"
  | "activated"
  | "next";

/** to (T, C) = RMSNorm of from (T, C). */
export interface NormStep {
  readonly op: "norm";
  readonly weight: "input_layernorm" | "post_attention_layernorm";
  readonly from: Activation;
  readonly to: Activation;
}

/** One of a {@linkcode HeadsStep}'s projections. */
export interface Heads {
  readonly target: HeadsTarget;
  readonly to: "q" | "k" | "v";
  /** Weight that is added to the product, where the family has it. */
  readonly bias?: `${HeadsTarget}_bias`;
  /** Weight of the norm of each head, where the family has it, and the name of what goes into it. */
  readonly norm?: { readonly weight: "q_norm" | "k_norm"; readonly raw: "rawQ" | "rawK" };
}

/** Queries (T, H·D), keys and values (T, G·D) of from (T, C), before the rotation. */
export interface HeadsStep {
  readonly op: "heads";
  readonly from: Activation;
  /** In the order in which both passes take them: that of the sums in the gradient of `from`. */
  readonly parts: readonly Heads[];
}

/** Turns q and k by their positions' angles, pairs (i, i + D/2) of a head; to (T, H·D) = causal attention. */
export interface AttentionStep {
  readonly op: "attention";
  readonly to: "attended";
}

/** to = residual + W·from. */
export interface ProjectStep {
  readonly op: "project";
  readonly target: "o_proj" | "down_proj";
  readonly from: Activation;
  readonly residual: Activation;
  readonly to: Activation;
}

/** to (T, F) = silu(gate · from) × (up · from). */
export interface GatedStep {
  readonly op: "gated";
  readonly gate: "gate_proj";
  readonly up: "up_proj";
  readonly from: Activation;
  readonly to: "activated";
}

/** A step of a layer. */
export type LayerStep = NormStep | HeadsStep | AttentionStep | ProjectStep | GatedStep;

/** A step behind the layers, on the rows whose logits are wanted. */
export type HeadStep =
  /** normed (n, C) = RMSNorm of hidden (n, C), rows of the last residual stream. */
  | { readonly op: "norm" }
  /** logits (n, V) = head · normed. */
  | { readonly op: "logits" };

/** All that a network computes. */
export interface Network {
  /** The same in all layers; the last step, a projection, gives the next layer's x. The first x is the ids' embeddings. */
  readonly layer: readonly LayerStep[];
  readonly head: readonly HeadStep[];
}

/** How a set of operations carries out the steps, by `op`: a step that a set lacks does not compile. */
export type Operations<Step extends { readonly op: string }, At> = {
  readonly [Op in Step["op"]]: (at: At, step: Extract<Step, { readonly op: Op }>) => void;
};

/** Carries out a step. */
export function perform<Step extends { readonly op: string }, At>(
  operations: Operations<Step, At>,
  at: At,
  step: Step,
): void {
  const operation = operations[step.op as Step["op"]] as (at: At, step: Step) => void;
  operation(at, step);
}

function describe(name: FamilyName): Network {
  const { biases, headNorms } = FAMILIES[name];
  const part = (target: HeadsTarget, to: Heads["to"], norm?: Heads["norm"]): Heads => ({
    target,
    to,
    ...(biases.includes(target) && { bias: `${target}_bias` as const }),
    ...(headNorms && norm && { norm }),
  });
  const parts = [
    part("q_proj", "q", { weight: "q_norm", raw: "rawQ" }),
    part("k_proj", "k", { weight: "k_norm", raw: "rawK" }),
    part("v_proj", "v"),
  ];
  return {
    layer: [
      { op: "norm", weight: "input_layernorm", from: "x", to: "normed" },
      { op: "heads", from: "normed", parts },
      { op: "attention", to: "attended" },
      { op: "project", target: "o_proj", from: "attended", residual: "x", to: "middle" },
      { op: "norm", weight: "post_attention_layernorm", from: "middle", to: "normedMiddle" },
      { op: "gated", gate: "gate_proj", up: "up_proj", from: "normedMiddle", to: "activated" },
      { op: "project", target: "down_proj", from: "activated", residual: "middle", to: "next" },
    ],
    head: [{ op: "norm" }, { op: "logits" }],
  };
}

const NETWORKS = Object.fromEntries(FAMILY_NAMES.map((name) => [name, describe(name)])) as Record<FamilyName, Network>;

/** The description of a family's network. */
export function networkOf({ family }: { readonly family: FamilyName }): Network {
  return NETWORKS[family];
}
