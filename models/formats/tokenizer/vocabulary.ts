/** The pieces of a tokenizer, and how they join to text: all that decoding needs. */
export interface Vocabulary {
  /** The file that it was read from, for messages. */
  readonly path: string;
  /** The bytes that each id stands for, before any leading space is taken away; undefined where an id is unused. */
  readonly bytes: readonly (Uint8Array | undefined)[];
  /** Ids of pieces by their text. */
  readonly ids: ReadonlyMap<string, number>;
  /** Ids that stand for no text: begin, end, unknown, padding and the like. */
  readonly special: ReadonlySet<number>;
  /** True when encoding puts a space before the text, which decoding has to take away again. */
  readonly stripsLeadingSpace: boolean;
  readonly unkId: number | undefined;
  /** As the tokenizer's own file says; undefined when it does not. */
  readonly bosId: number | undefined;
  readonly eosId: number | undefined;
  /** Whether the tokenizer's own file puts the begin token before a text; undefined when it does not say. */
  readonly addsBos: boolean | undefined;
}

const SPACE_MARK = /▁/g;
const BYTE_PIECE = /^<0x([0-9A-F]{2})>$/;
const encoder = new TextEncoder();

/** The bytes of a SentencePiece piece: "▁" is a space. */
export function markedPieceBytes(piece: string): Uint8Array {
  return encoder.encode(piece.replace(SPACE_MARK, " "));
}

/** The byte that a piece like `<0x0A>` stands for, or undefined for any other piece. */
export function fallbackByte(piece: string): number | undefined {
  const match = BYTE_PIECE.exec(piece);
  return match === null ? undefined : parseInt(match[1]!, 16);
}

/** Characters that byte-level vocabularies write for bytes: printable ones stand for themselves, the rest from U+0100. */
const BYTE_OF_CHARACTER: ReadonlyMap<string, number> = new Map(byteCharacters());

function* byteCharacters(): Generator<[string, number]> {
  let next = 0x100;
  for (let byte = 0; byte < 256; byte++) {
    const printable = (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
    yield [String.fromCharCode(printable ? byte : next++), byte];
  }
}

const CHARACTER_OF_BYTE = new Map([...BYTE_OF_CHARACTER].map(([character, byte]) => [byte, character]));

/** Bytes in the alphabet of byte-level vocabularies. */
export function byteLevelPiece(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => CHARACTER_OF_BYTE.get(byte)).join("");
}

/** The bytes of a byte-level piece; a piece with characters outside that alphabet is plain text. */
export function byteLevelPieceBytes(piece: string): Uint8Array {
  const bytes = [...piece].map((character) => BYTE_OF_CHARACTER.get(character));
  return bytes.includes(undefined) ? encoder.encode(piece) : Uint8Array.from(bytes as number[]);
}
