// What answers look like in OpenAI's two protocols.
import type { GeneratedToken, TokenLogprob } from "../../../models/generation/request.ts";

/** Why an answer ended, in OpenAI's words. */
export type Finish = "stop" | "length";

/** Writes one of the answers to a request, piece by piece or whole. */
export interface ChoiceWriter {
  /** What comes before the answer, if anything does. */
  opening(): object | undefined;
  /** A piece of the answer. */
  piece(text: string, tokens: readonly GeneratedToken[]): object;
  /** Its end. */
  closing(finish: Finish): object;
  /** All of it. */
  whole(text: string, tokens: readonly GeneratedToken[], finish: Finish): object;
}

/** How the answers of an endpoint look. */
export interface AnswerShape {
  readonly idPrefix: "chatcmpl" | "cmpl";
  readonly object: "chat.completion" | "text_completion";
  readonly chunkObject: "chat.completion.chunk" | "text_completion";
  /** A writer for the answer of an index. */
  writer(index: number): ChoiceWriter;
}

/** The least log-probability that is told: JSON has no infinity. */
const LEAST_LOGPROB = -9999;

const finite = (logprob: number) => Math.max(logprob, LEAST_LOGPROB);

/** Answers of /v1/chat/completions. */
export function chatShape(wantsLogprobs: boolean): AnswerShape {
  const told = ({ bytes, logprob }: TokenLogprob) => ({
    token: new TextDecoder().decode(bytes),
    logprob: finite(logprob),
    bytes: [...bytes],
  });
  const logprobs = (tokens: readonly GeneratedToken[]) =>
    wantsLogprobs
      ? {
        content: tokens.flatMap(({ logprob }) =>
          logprob ? [{ ...told(logprob), top_logprobs: logprob.top.map(told) }] : []
        ),
        refusal: null,
      }
      : null;
  return {
    idPrefix: "chatcmpl",
    object: "chat.completion",
    chunkObject: "chat.completion.chunk",
    writer: (index) => {
      const chunk = (delta: object, tokens: readonly GeneratedToken[], finish_reason: Finish | null) => ({
        index,
        delta,
        logprobs: tokens.length > 0 ? logprobs(tokens) : null,
        finish_reason,
      });
      return {
        opening: () => chunk({ role: "assistant", content: "", refusal: null }, [], null),
        piece: (content, tokens) => chunk({ content }, tokens, null),
        closing: (finish) => chunk({}, [], finish),
        whole: (content, tokens, finish_reason) => ({
          index,
          message: { role: "assistant", content, refusal: null },
          logprobs: logprobs(tokens),
          finish_reason,
        }),
      };
    },
  };
}

/**
 * Answers of /v1/completions.
 *
 * @param echoes what is put before the answer of each index
 */
export function completionShape(wantsLogprobs: boolean, echoes: readonly string[]): AnswerShape {
  return {
    idPrefix: "cmpl",
    object: "text_completion",
    chunkObject: "text_completion",
    writer: (index) => {
      const echo = echoes[index] ?? "";
      const offsets = new TextOffsets();
      const chunk = (text: string, tokens: readonly GeneratedToken[], finish_reason: Finish | null) => ({
        text,
        index,
        logprobs: wantsLogprobs && tokens.length > 0 ? completionLogprobs(text, tokens, offsets) : null,
        finish_reason,
      });
      return {
        opening: () => echo === "" ? undefined : chunk(echo, [], null),
        piece: (text, tokens) => chunk(text, tokens, null),
        closing: (finish) => chunk("", [], finish),
        whole: (text, tokens, finish) => ({ ...chunk(text, tokens, finish), text: echo + text }),
      };
    },
  };
}

function completionLogprobs(text: string, tokens: readonly GeneratedToken[], offsets: TextOffsets) {
  const known = tokens.flatMap(({ logprob }) => logprob ?? []);
  return {
    tokens: known.map(({ bytes }) => spelled(bytes)),
    token_logprobs: known.map(({ logprob }) => finite(logprob)),
    top_logprobs: known.map(({ top }) =>
      Object.fromEntries(top.map(({ bytes, logprob }) => [spelled(bytes), finite(logprob)]))
    ),
    text_offset: offsets.of(text, known.map(({ bytes }) => bytes)),
  };
}

/** The text of a token; where it is no whole text, its bytes as OpenAI writes them. */
function spelled(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return `bytes:${[...bytes].map((byte) => `\\x${byte.toString(16).padStart(2, "0")}`).join("")}`;
  }
}

/** Finds where in an answer each token begins. */
class TextOffsets {
  readonly #decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  #decoded = "";
  #lead: number | undefined;

  /** Offsets of the next tokens, whose text is, or is completed by, `text`. */
  of(text: string, tokens: readonly Uint8Array[]): number[] {
    const starts = tokens.map((bytes) => {
      const start = this.#decoded.length;
      this.#decoded += this.#decoder.decode(bytes, { stream: true });
      return start;
    });
    // A space before the first word, which the answer does not have, counts for nothing.
    if (text !== "") this.#lead ??= this.#decoded.startsWith(" ") && !text.startsWith(" ") ? 1 : 0;
    return starts.map((start) => Math.max(0, start - (this.#lead ?? 0)));
  }
}
