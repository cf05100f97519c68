/** Hash functions of a signature. */
const HASHES = 64;
/** Bands of a signature: rows that agree in all hashes of one band are compared. */
const BANDS = 16;
const HASHES_A_BAND = HASHES / BANDS;
/** Characters of a shingle. */
const SHINGLE = 4;
/** Share of hashes that must agree: estimates how large a share of all their shingles two texts have in common. */
const THRESHOLD = 0.8;
/** Slots of a band's table. The latest row stays in a slot, so a near duplicate may be missed, but memory is bounded. */
const SLOTS = 1 << 20;
/** What stands between words and sentences does not make texts differ. */
const IGNORED = /[\s\p{P}\p{S}]+/gu;

/** The signature of a text: see {@link signText}. */
export interface Signature {
  /** A byte of each hash. */
  readonly bytes: Uint8Array;
  /** A hash of each band. */
  readonly bands: Uint32Array;
}

/** Bytes of a signature's bytes and numbers of its bands. */
export const SIGNATURE: { readonly bytes: number; readonly bands: number } = { bytes: HASHES, bands: BANDS };

const MULTIPLIERS = Uint32Array.from({ length: HASHES }, (_, at) => mix(at + 1) | 1);
const OFFSETS = Uint32Array.from({ length: HASHES }, (_, at) => mix(at + 1 + HASHES));

/**
 * MinHash (Broder 1997): the smallest value of each hash function over all runs of four characters, letters lower case,
 * blanks and punctuation left out. Of two texts, the share of equal minima estimates the share of common runs.
 */
export function signText(text: string): Signature {
  const letters = text.toLowerCase().replace(IGNORED, "");
  const minima = new Uint32Array(HASHES).fill(0xffffffff);
  const last = Math.max(letters.length - SHINGLE, 0);
  for (let at = 0; at <= last; at++) {
    let shingle = 0;
    for (let unit = at; unit < at + SHINGLE; unit++) {
      shingle = Math.imul(shingle ^ (unit < letters.length ? letters.charCodeAt(unit) : 0), 0x01000193) + 0x9e3779b9;
    }
    const hash = mix(shingle);
    for (let each = 0; each < HASHES; each++) {
      const value = (Math.imul(hash, MULTIPLIERS[each]!) + OFFSETS[each]!) >>> 0;
      if (value < minima[each]!) minima[each] = value;
    }
  }
  const bands = new Uint32Array(BANDS);
  for (let band = 0; band < BANDS; band++) {
    let hash = band;
    for (let at = 0; at < HASHES_A_BAND; at++) hash = mix(hash ^ minima[band * HASHES_A_BAND + at]!);
    bands[band] = hash;
  }
  // Minima are small numbers, whose bits are not all alike; mixed, any byte tells them apart.
  return { bytes: Uint8Array.from(minima, (minimum) => mix(minimum)), bands };
}

/** Remembers the signatures of rows and finds those that are almost equal: 64 MiB, and 64 bytes a row. */
export class NearDuplicates {
  readonly #tables = new Uint32Array(BANDS * SLOTS);
  #signatures = new Uint8Array(1024 * HASHES);
  #rows = 0;

  /** Adds a row; false, and nothing added, if it is almost equal to an earlier one. */
  add({ bytes, bands }: Signature): boolean {
    for (let band = 0; band < BANDS; band++) {
      const row = this.#tables[this.#slot(band, bands)]!;
      if (row > 0 && this.#agreement(row - 1, bytes) >= THRESHOLD * HASHES) return false;
    }
    if ((this.#rows + 1) * HASHES > this.#signatures.length) {
      const larger = new Uint8Array(this.#signatures.length * 2);
      larger.set(this.#signatures);
      this.#signatures = larger;
    }
    this.#signatures.set(bytes, this.#rows * HASHES);
    this.#rows++;
    for (let band = 0; band < BANDS; band++) this.#tables[this.#slot(band, bands)] = this.#rows;
    return true;
  }

  #slot(band: number, bands: Uint32Array): number {
    return band * SLOTS + (bands[band]! & (SLOTS - 1));
  }

  #agreement(row: number, bytes: Uint8Array): number {
    let equal = 0;
    for (let at = 0; at < HASHES; at++) if (this.#signatures[row * HASHES + at] === bytes[at]) equal++;
    return equal;
  }
}

/** Spreads every bit of a number over all 32 (the finaliser of MurmurHash3). */
function mix(value: number): number {
  let hash = value | 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
