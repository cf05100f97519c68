import type { Limit } from "../estimate.ts";

/** What `card-model` says in English. */
export const EN = {
  description:
    "What the kernels should reach on graphics cards, by arithmetic from their makers' figures and from what compilers made " +
    "of the kernels: an expectation, to be held against the first real card (card-report). docs/card_model.md has its formulas.",
  footer: "Examples:\n" +
    "  card-model             steps of LLaMA-7B in int8 and single tokens, on all cards it knows\n" +
    "  card-model --json      the same for programs",
  json: "one JSON object instead of tables",
  columns: [
    "card",
    "tokens",
    "computed again",
    "step",
    "tokens/s",
    "products / attention / rest",
    "products wait for",
    "of the bound",
    "split-K 2",
    "activations int8",
    "earlier kernels",
  ],
  decodeColumns: ["card", "share of bandwidth", "tokens/s"],
  layers: (count: number) => `${count} of 32`,
  seconds: (seconds: number) => `${seconds.toFixed(2)} s`,
  limits: {
    "multiply-adds": "multiply-adds",
    "instructions": "instructions",
    "workgroup memory": "workgroup memory",
    "cache": "the first cache",
    "memory": "memory",
    "latency": "more threads",
  } as Readonly<Record<Limit, string>>,
  steps: "A step of LLaMA-7B in int8, LoRA of rank 8 on q and v, one row; expected, not measured:",
  decode: "One token after another, one sequence, int8:",
  digest: (digest: string) => `Kernels: ${digest}`,
};

/** What `card-model` says in a language. */
export type ModelWords = typeof EN;
