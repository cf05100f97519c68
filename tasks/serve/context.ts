import type { TemplateName, TemplateOptions } from "../../datasets/templates/templates.ts";
import type { TextGenerator } from "../../models/generation/text_generator.ts";
import type { Language } from "../cli/language.ts";

/** What the server needs of a text generator. */
export type TextSource = Pick<TextGenerator, "stream" | "adapters" | "tokenizer" | "positions">;

/** Who may call. */
export interface AccessRules {
  /** Names that a Host header may have, in lower case; anything when undefined. Guards against DNS rebinding. */
  readonly hosts: readonly string[] | undefined;
  /** What callers of the API must show; nothing when undefined. */
  readonly apiKey: string | undefined;
  /** Origins of other web pages that may call; "*" for all. */
  readonly allowOrigins: readonly string[];
}

/** How much a caller may take. */
export interface ServeLimits {
  /** Most bytes of a request's body. */
  readonly bodyBytes: number;
  /** Longest time in which a body must have arrived. */
  readonly bodyMs: number;
  /** Longest time that an answer waits for a client which does not read. */
  readonly stallMs: number;
  /** Time between two signs of life while an answer is waited for. */
  readonly keepAliveMs: number;
  /** Most requests for answers at once, running and waiting together. */
  readonly requests: number;
}

/** Limits of an ordinary server; `requests` depends on its slots. */
export const DEFAULT_LIMITS: Omit<ServeLimits, "requests"> = {
  bodyBytes: 2 ** 20,
  bodyMs: 30_000,
  stallMs: 30_000,
  keepAliveMs: 10_000,
};

/** What the server serves. */
export interface ServeContext {
  readonly generator: TextSource;
  /** Name of the base model. */
  readonly model: string;
  /** The device that computes, in the driver's words. */
  readonly device: string;
  /** Stands for the model and the device, so that a client can tell when either changes. */
  readonly fingerprint: string;
  /** How conversations are written unless a request names another template. */
  readonly template: TemplateName;
  /** What chat templates are told besides the conversation. */
  readonly templateOptions?: TemplateOptions;
  readonly language: Language;
  /** Folder of the cache, with the runs of the past. */
  readonly cacheDir: string;
  readonly access: AccessRules;
  readonly limits: ServeLimits;
  /** Ends all answers when the server stops. */
  readonly signal: AbortSignal;
  /** Is told of faults that are the server's own. */
  readonly report: (error: unknown) => void;
}

/** The fingerprint of a server. */
export async function fingerprintOf(...parts: readonly string[]): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(JSON.stringify(parts)));
  return `fp_${new Uint8Array(digest).toHex().slice(0, 12)}`;
}
