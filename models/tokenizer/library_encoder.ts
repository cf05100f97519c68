import "./web_tokenizers_shim.ts";
import "@mlc/tokenizers";
import { FormatError } from "../formats/error.ts";

/** MLC's encoder: WebAssembly, with memory of its own. It encodes all of a text, whatever is wanted of it. */
export interface LibraryEncoder {
  encode(text: string): Int32Array<ArrayBuffer>;
  getVocabSize(): number;
  dispose(): void;
}

/** The package is a UMD file; loaded as a module, it leaves its exports on this global. */
interface EncoderFactory {
  fromJSON(json: ArrayBuffer): Promise<LibraryEncoder>;
  fromSentencePiece(model: ArrayBuffer): Promise<LibraryEncoder>;
}

/**
 * Loads an encoder from the bytes of a file.
 *
 * @param from whether they are a tokenizer.json or a tokenizer.model; they must have been checked, since the library
 * takes garbage in silence
 * @param path the file, for messages
 */
export async function loadLibraryEncoder(
  from: keyof EncoderFactory,
  bytes: Uint8Array<ArrayBuffer>,
  path: string,
): Promise<LibraryEncoder> {
  const library = (globalThis as unknown as { tokenizers: { Tokenizer: EncoderFactory } }).tokenizers;
  try {
    return await library.Tokenizer[from](bytes.buffer);
  } catch (error) {
    // A fault in the file ends in an abort of the WebAssembly code, which says no more than that.
    throw new FormatError(`${path} could not be loaded by the tokenizer library: ${error}`);
  }
}
