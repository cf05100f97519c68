import type { LlamaConfig } from "./formats/config.ts";

/** How long a sequence of a network may be. */
export interface SequenceLimit {
  /** Most tokens. */
  readonly tokens: number;
  /** What limits it, for messages: follows "the model has". */
  readonly reason: string;
  /** Whether a longer cutoff or cache is refused when it is asked for, even where no sequence comes to be that long. */
  readonly strict: boolean;
}

/** The longest sequence that is computed as the network means it. */
export function sequenceLimit({ maxPositions }: LlamaConfig): SequenceLimit {
  return { tokens: maxPositions, reason: `${maxPositions} positions`, strict: false };
}
