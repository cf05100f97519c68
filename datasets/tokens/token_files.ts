import { join } from "@std/path";

/** A tokenised row. */
export interface TokenRow {
  /** Token ids. */
  readonly ids: Uint32Array<ArrayBuffer>;
  /** One byte an id: 1 where the id is to be predicted from those before it, 0 where it is only read. */
  readonly labelled: Uint8Array<ArrayBuffer>;
}

/**
 * Paths of a split of tokenised rows on disk. Three flat files, all little-endian:
 *
 * - `<split>.ids`: uint32 an id, row after row;
 * - `<split>.labels`: one byte an id, see {@link TokenRow.labelled}; any pattern, so several answers a row need no other
 *   format;
 * - `<split>.lengths`: uint32 a row, how many ids it has. Where a row begins is the sum of the lengths before it, so
 *   there are no offsets that could point elsewhere.
 */
export function tokenFilePaths(directory: string, split: string): { ids: string; labels: string; lengths: string } {
  const path = (part: string) => join(directory, `${split}.${part}`);
  return { ids: path("ids"), labels: path("labels"), lengths: path("lengths") };
}
