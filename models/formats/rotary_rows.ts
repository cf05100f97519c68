import { permuteRotary } from "./gguf/gguf_names.ts";
import type { Rows } from "./tensor_file.ts";

/**
 * Rows of a query or key projection in Hugging Face's order, where the file has neighbouring rows of a head turned by one
 * rotary angle. Whole heads are read.
 *
 * @param read gives rows of the file
 */
export async function readAsHalves(
  read: (begin: number, end: number) => Promise<Float32Array<ArrayBuffer>>,
  { begin, end, width }: Rows,
  headSize: number,
): Promise<Float32Array<ArrayBuffer>> {
  const first = Math.floor(begin / headSize) * headSize;
  const heads = await read(first, Math.ceil(end / headSize) * headSize);
  return permuteRotary(heads, headSize, width, "halves").slice((begin - first) * width, (end - first) * width);
}
