// A tokenizer for networks that have none: each id stands for a text of its own.
import { Tokenizer } from "../../../models/tokenizer/tokenizer.ts";

const utf8 = new TextEncoder();

/** The character that an id stands for unless told otherwise. */
export const characterOf = (id: number): string => String.fromCodePoint(0x4e00 + id);

/** A tokenizer of so many ids, of which 0, 1 and the end have no text. `texts` and `bytes` replace those of single ids. */
export function idTokenizer(
  size: number,
  eosId = 2,
  texts: Readonly<Record<number, string | readonly number[]>> = {},
): Tokenizer {
  const bytesOf = (id: number) => {
    const text = texts[id] ?? characterOf(id);
    return typeof text === "string" ? utf8.encode(text) : Uint8Array.from(text);
  };
  const vocabulary = {
    path: "a test's tokenizer",
    bytes: Array.from({ length: size }, (_, id) => bytesOf(id)),
    ids: new Map<string, number>(),
    special: new Set([0, 1, eosId]),
    stripsLeadingSpace: false,
    unkId: undefined,
    bosId: 1,
    eosId,
    addsBos: true,
  };
  const settings = {
    ...{ bosId: 1, eosId, hasBos: true, addsBos: true, chatTemplate: undefined, otherTemplates: [] },
    generation: { eosIds: [], sampling: {} },
  };
  const encode = (text: string) => Int32Array.from(text, (character) => character.codePointAt(0)! - 0x4e00);
  return new Tokenizer(vocabulary, settings, { encode });
}
