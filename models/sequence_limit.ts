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
export function sequenceLimit({ maxPositions, slidingWindow }: LlamaConfig): SequenceLimit {
  if (slidingWindow !== undefined && slidingWindow < maxPositions) {
    const reason = `a sliding window of ${slidingWindow} tokens, which is not computed for longer sequences`;
    return { tokens: slidingWindow, reason, strict: true };
  }
  return { tokens: maxPositions, reason: `${maxPositions} positions`, strict: false };
}
