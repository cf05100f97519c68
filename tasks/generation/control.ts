import type { GenerationParams } from "../../models/generation/request.ts";

/** A number that a person sets. */
export interface Control {
  /** The parameter that it sets; `maxMemory` is the most tokens of earlier turns that a prompt keeps. */
  readonly name: NumberParam | "maxMemory";
  readonly min: number;
  readonly max: number;
  readonly step: number;
  /** Where it stands at first when instructions are answered, and in a conversation. */
  readonly instruct: number;
  readonly chat: number;
}

type NumberParam = {
  [Name in keyof GenerationParams]: GenerationParams[Name] extends number ? Name : never;
}[keyof GenerationParams];
