// What a generation is asked for and what it gives. Names and semantics are those of transformers' GenerationConfig.

/** How an answer is generated. */
export interface GenerationParams {
  /** Most tokens of the answer. */
  readonly maxNewTokens: number;
  /** The answer does not end before so many tokens. */
  readonly minNewTokens: number;
  /** Draws each token by chance; else the most likely one is taken. */
  readonly doSample: boolean;
  /** Logits are divided by it before sampling; above 0. */
  readonly temperature: number;
  /** Samples among the most likely tokens whose probabilities sum to this; 1 for all. */
  readonly topP: number;
  /** Samples among so many most likely tokens; 0 for all. */
  readonly topK: number;
  /** Samples among tokens at least this share as likely as the most likely one; 0 for all. */
  readonly minP: number;
  /** Beams of the search; 1 for none. */
  readonly beams: number;
  /** Makes tokens of prompt and answer so much less likely; 1 for no change. */
  readonly repetitionPenalty: number;
  /** Seeds the sampling; the same seed gives the same text on one device. */
  readonly seed: number;
  /** Texts that end the answer; they are not given out. */
  readonly stop: readonly string[];
}

/** Greedy, 128 tokens. */
export const GENERATION_DEFAULTS: GenerationParams = {
  maxNewTokens: 128,
  minNewTokens: 0,
  doSample: false,
  temperature: 1,
  topP: 1,
  topK: 0,
  minP: 0,
  beams: 1,
  repetitionPenalty: 1,
  seed: 0,
  stop: [],
};

/** A setting that changes nothing, and why. */
export interface IneffectiveControl {
  readonly name: keyof GenerationParams;
  /** It works only when tokens are drawn by chance, and they are not. */
  readonly because: "not-sampling";
}

/** The settings that differ from their default and change nothing beside the others. */
export function ineffectiveControls(params: GenerationParams): IneffectiveControl[] {
  if (params.doSample) return [];
  return (["temperature", "topP", "topK", "minP", "seed"] as const)
    .filter((name) => params[name] !== GENERATION_DEFAULTS[name])
    .map((name) => ({ name, because: "not-sampling" }));
}

/** One text to go on from. */
export interface TextRequest {
  /** Ids of the prompt, bos included where the template wants it. */
  readonly prompt: readonly number[];
  /** Name of a loaded adapter; the base alone when left out. */
  readonly adapter?: string | undefined;
  readonly params: GenerationParams;
  /** Give the log-probability of each token, and of so many most likely ones beside it (0 to 20). */
  readonly logprobs?: number | undefined;
  /** Give the beams while they are searched. */
  readonly showBeams?: boolean;
  /** Ends the generation at the next token; the stream then throws the signal's reason. */
  readonly signal?: AbortSignal;
}

/** A request that a generator cannot do; `message` says why. */
export class RequestError extends RangeError {
  override readonly name: string = "RequestError";
}

/** A token and the natural logarithm of its probability, before temperature and the cuts. */
export interface TokenLogprob {
  readonly id: number;
  /** The bytes of text that it stands for; perhaps a part of a character. */
  readonly bytes: Uint8Array;
  readonly logprob: number;
}

/** A token that was generated. */
export interface GeneratedToken {
  readonly id: number;
  /** Given when `logprobs` was asked for. */
  readonly logprob?: TokenLogprob & { readonly top: readonly TokenLogprob[] };
}

/** Why an answer ended. */
export type FinishReason = "eos" | "length" | "stop-string";

/** What a stream of an answer gives, in this order: any number of texts and beams, then the end. */
export type TextEvent =
  | {
    readonly type: "text";
    /** Whole characters; may be empty while a character, or what may become a stop text, is not complete. */
    readonly text: string;
    /** The tokens that came since the last event. */
    readonly tokens: readonly GeneratedToken[];
  }
  | { readonly type: "beams"; readonly beams: readonly { readonly text: string; readonly score: number }[] }
  | {
    readonly type: "end";
    readonly reason: FinishReason;
    /** The text that ended the answer, for `stop-string`. */
    readonly stop?: string;
    readonly promptTokens: number;
    readonly newTokens: number;
    /** Tokens of the prompt that were taken from an earlier turn's cache. */
    readonly reusedTokens: number;
  };
