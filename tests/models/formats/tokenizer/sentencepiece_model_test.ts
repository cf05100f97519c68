import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { join } from "@std/path";
import { FormatError } from "../../../../models/formats/error.ts";
import { parseSentencePieceModel } from "../../../../models/formats/tokenizer/sentencepiece_model.ts";
import { loadTokenizer } from "../../../../models/tokenizer/tokenizer.ts";
import { field, floatField, message, sentencePieceModel, varintField } from "../../sample_tokenizers.ts";
import { inFolder } from "../../temp_folder.ts";

const parse = (bytes: Uint8Array) => parseSentencePieceModel(bytes, "tokenizer.model").vocabulary;
const utf8 = (text: string) => new TextEncoder().encode(text);
const piece = (text: string | Uint8Array, kind: number, score = 0) =>
  field(
    1,
    message(field(1, typeof text === "string" ? utf8(text) : text), floatField(2, score), varintField(3, kind)),
  );
const UNKNOWN = piece("<unk>", 2);

Deno.test("parseSentencePieceModel() reads pieces, kinds and ids", () => {
  const trainer = field(2, message(varintField(3, 1), varintField(41, 2), varintField(42, 1)));
  const normalizer = field(3, varintField(3, 0));
  const model = message(
    UNKNOWN,
    piece("</s>", 3),
    piece("<s>", 3),
    piece("<0x0A>", 6),
    piece("▁a", 1),
    trainer,
    normalizer,
  );
  const vocabulary = parse(model);
  assertEquals([vocabulary.unkId, vocabulary.bosId, vocabulary.eosId], [0, 2, 1]);
  assertEquals([...vocabulary.special], [0, 1, 2]);
  assertEquals(vocabulary.bytes.slice(3), [Uint8Array.of(10), utf8(" a")]);
  assertEquals(vocabulary.stripsLeadingSpace, false);
  assertEquals(parse(message(UNKNOWN, piece("a", 1))).stripsLeadingSpace, true);
  assertEquals(parse(message(UNKNOWN, piece("a", 1), piece("b", 1))).bosId, undefined);
});

const FAULTS: [what: string, bytes: Uint8Array, message: string][] = [
  ["text", utf8("version https://git-lfs.github.com/spec/v1\noid sha256:0\n"), "is not a SentencePiece model"],
  ["garbage", utf8("garbage"), "is not a SentencePiece model"],
  ["nothing", new Uint8Array(), "0 unknown pieces; wanted one"],
  ["a cut file", sentencePieceModel().subarray(0, 200), "reaches past the end"],
  ["two unknown pieces", message(UNKNOWN, piece("<u>", 2)), "2 unknown pieces"],
  ["a repeated piece", message(UNKNOWN, piece("a", 1), piece("a", 1)), 'piece 2, "a", is there twice'],
  ["a piece without text", message(UNKNOWN, field(1, varintField(3, 1))), "piece 1 has no text"],
  ["a piece of bad UTF-8", message(UNKNOWN, piece(Uint8Array.of(0xff), 1)), "piece 1 is not valid UTF-8"],
  ["a piece of unknown type", message(UNKNOWN, piece("a", 9)), "piece 1 has the unknown type 9"],
  ["a byte piece that is no byte", message(UNKNOWN, piece("<0xZZ>", 6)), "should be a byte"],
  ["a score that is no number", message(UNKNOWN, piece("a", 1, NaN)), "piece 1 scores NaN"],
  ["a word model", message(UNKNOWN, field(2, varintField(3, 3))), "model type 3"],
  ["spaces as suffixes", message(UNKNOWN, field(2, varintField(24, 1))), "treat_whitespace_as_suffix"],
  ["a number where a message belongs", message(UNKNOWN, varintField(2, 3)), "field 2 is not a message"],
];

Deno.test("parseSentencePieceModel() refuses what is not a model", () => {
  for (const [what, bytes, text] of FAULTS) {
    const error = assertThrows(() => parse(bytes), FormatError, text);
    assertEquals(error.message.startsWith("tokenizer.model"), true, what);
  }
});

Deno.test("parseSentencePieceModel() refuses every cut of a model, or reads fewer pieces", () => {
  const whole = sentencePieceModel();
  const pieces = parse(whole).bytes.length;
  for (let length = 0; length < whole.length; length += 7) {
    let found = 0;
    try {
      found = parse(whole.subarray(0, length)).bytes.length;
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
    }
    assertEquals(found <= pieces, true);
  }
});

Deno.test("loadTokenizer() refuses a tokenizer.model of garbage, which the library would accept", () =>
  inFolder(async (directory) => {
    await Deno.writeTextFile(join(directory, "tokenizer.model"), "garbage");
    await assertRejects(() => loadTokenizer(directory), FormatError, "tokenizer.model is not a SentencePiece model");
  }));
