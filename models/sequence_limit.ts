import type { LlamaConfig } from "./formats/config.ts";

/** How long a sequence of a network may be. */
export interface SequenceLimit {
  /** Most tokens. */
  readonly tokens: number;
  /** What limits it, for messages: follows "the model has", or a model's name and "has". */
  readonly reason: string;
}

/** The longest sequence that is computed as the network means it. */
export function sequenceLimit({ maxPositions }: LlamaConfig): SequenceLimit {
  return { tokens: maxPositions, reason: `${maxPositions} positions` };
}
