// Small tokenizers of each kind, made for tests.
import { buildTokenizer } from "../../models/formats/tokenizer/tokenizer_builder.ts";

/** Texts that the sample tokenizers are good at. */
export const SAMPLE_TEXTS = [
  "Hello, nice to meet you! How are you today? I am fine, and you are fine.",
  "你好很高兴能见到你！今天天气很好，你好吗？",
  "the cat and the hat and the bat sat on the mat with the rat",
  "高兴的人今天很高兴，天气好的今天人很高兴。",
];

/** A tokenizer.json like LLaMA 1's and 2's. */
export const LLAMA_JSON: string = buildTokenizer(SAMPLE_TEXTS, 310);

/** How many ids it has. */
export const LLAMA_JSON_SIZE: number = Object.keys(JSON.parse(LLAMA_JSON).model.vocab).length;

/** The same tokenizer as a SentencePiece tokenizer.model (BPE with byte fallback and a space put before the text). */
export function sentencePieceModel(tokenizerJson = LLAMA_JSON): Uint8Array<ArrayBuffer> {
  const { vocab } = JSON.parse(tokenizerJson).model as { vocab: Record<string, number> };
  // Keys such as "3" come first in an object, whatever their id.
  const entries = Object.entries(vocab).toSorted(([, one], [, other]) => one - other);
  const pieces = entries.map(([piece], id) => {
    const kind = id === 0 ? 2 : id < 3 ? 3 : id < 259 ? 6 : 1;
    // Runs of spaces are joined last, as in LLaMA's own file.
    const score = id < 259 ? 0 : /^▁▁+$/.test(piece) ? -1e9 : 259 - id;
    return field(1, message(field(1, utf8(piece)), floatField(2, score), varintField(3, kind)));
  });
  const trainer = message(varintField(3, 2), varintField(35, 1));
  const normalizer = message(field(1, utf8("identity")), varintField(3, 1), varintField(4, 0));
  return message(...pieces, field(2, trainer), field(3, normalizer));
}

/** A byte-level tokenizer.json like LLaMA 3's: merges over printable stand-ins for bytes, special ids at the end. */
export function byteLevelJson(): string {
  const alphabet = [...byteAlphabet()];
  const merges = ["h e", "l l", "he ll", "hell o", "Ġ w", "ä ½", "ä½ ł", "å ¥", "å¥ ½"];
  const pieces = [...alphabet, ...merges.map((merge) => merge.replace(" ", ""))];
  const special = ["<|begin_of_text|>", "<|end_of_text|>", "<|eot_id|>"];
  const split = "[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s+";
  return JSON.stringify({
    version: "1.0",
    added_tokens: special.map((content, i) => ({ id: pieces.length + i, content, special: true })),
    normalizer: null,
    pre_tokenizer: {
      type: "Sequence",
      pretokenizers: [
        { type: "Split", pattern: { Regex: split }, behavior: "Isolated", invert: false },
        { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: false },
      ],
    },
    post_processor: { type: "ByteLevel", add_prefix_space: true, trim_offsets: false, use_regex: true },
    decoder: { type: "ByteLevel", add_prefix_space: true, trim_offsets: true, use_regex: true },
    model: {
      type: "BPE",
      byte_fallback: false,
      ignore_merges: true,
      vocab: Object.fromEntries(pieces.map((piece, id) => [piece, id])),
      merges,
    },
  });
}

function* byteAlphabet(): Generator<string> {
  let next = 0x100;
  for (let byte = 0; byte < 256; byte++) {
    const printable = (byte > 0x20 && byte < 0x7f) || (byte > 0xa0 && byte !== 0xad);
    yield String.fromCharCode(printable ? byte : next++);
  }
}

const utf8 = (text: string) => new TextEncoder().encode(text);

/** Joins the fields of a protocol buffer message. */
export function message(...fields: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(fields.reduce((length, field) => length + field.length, 0));
  let at = 0;
  for (const field of fields) {
    bytes.set(field, at);
    at += field.length;
  }
  return bytes;
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  for (; value > 0x7f; value = Math.floor(value / 128)) bytes.push((value % 128) | 0x80);
  return [...bytes, value];
}

/** A field of text, bytes or a message. */
export function field(number: number, content: Uint8Array): Uint8Array {
  return message(Uint8Array.from([...varint(number * 8 + 2), ...varint(content.length)]), content);
}

/** A field of a whole number. */
export function varintField(number: number, value: number): Uint8Array {
  return Uint8Array.from([...varint(number * 8), ...varint(value)]);
}

/** A field of a 32-bit float. */
export function floatField(number: number, value: number): Uint8Array {
  return message(Uint8Array.from(varint(number * 8 + 5)), new Uint8Array(Float32Array.of(value).buffer));
}
