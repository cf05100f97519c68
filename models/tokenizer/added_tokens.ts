import { FormatError, quoted } from "../formats/error.ts";
import type { AddedToken } from "../formats/tokenizer/tokenizer_settings.ts";
import type { Vocabulary } from "../formats/tokenizer/vocabulary.ts";

/**
 * A vocabulary with tokens that stand beside its pieces.
 *
 * @throws {FormatError} when a token has the id of another piece, or a piece another id
 */
export function withAddedTokens(vocabulary: Vocabulary, tokens: readonly AddedToken[]): Vocabulary {
  if (tokens.length === 0) return vocabulary;
  const { path } = vocabulary;
  const ids = new Map(vocabulary.ids);
  const bytes = [...vocabulary.bytes];
  const special = new Set(vocabulary.special);
  for (const { id, content, special: isSpecial } of tokens) {
    const known = vocabulary.ids.get(content);
    if (known === undefined ? bytes[id] !== undefined : known !== id) {
      throw new FormatError(`${path}: the added token ${quoted(content)} has the id ${id} of another piece`);
    }
    ids.set(content, id);
    if (known === undefined) bytes[id] = new TextEncoder().encode(content);
    if (isSpecial) special.add(id);
  }
  for (let id = 0; id < bytes.length; id++) bytes[id] ??= undefined; // fills the holes of the array
  return { ...vocabulary, ids, bytes, special };
}

/** Matches any of some texts, as a group; where one begins another, the longer. */
export function anyOf(texts: Iterable<string>): RegExp {
  const longest = [...texts].toSorted((one, other) => other.length - one.length);
  return new RegExp(`(${longest.map((text) => RegExp.escape(text)).join("|") || "(?!)"})`);
}
