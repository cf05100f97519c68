/** A stretch of text that merges stay inside of, cut into symbols. */
interface Chunk {
  symbols: readonly string[];
  readonly count: number;
}

/** Two neighbouring symbols that occur together. */
interface Pair {
  readonly left: string;
  readonly right: string;
  count: number;
  readonly chunks: Set<Chunk>;
}

/** Two symbols that are joined to one. */
export type Merge = readonly [left: string, right: string];

/**
 * Learns byte-pair merges: the most frequent neighbours are joined, again and again. Ties go to the pair that sorts
 * first by code unit, so that the result depends on the counts alone.
 *
 * @param chunks how often each stretch of text occurs
 * @param alphabet the characters that may take part; any other one separates
 * @param limit how many different pieces the merges may make; fewer come out when no pair occurs twice
 * @returns the merges, in the order in which they were learnt
 */
export function learnMerges(
  chunks: ReadonlyMap<string, number>,
  alphabet: ReadonlySet<string>,
  limit: number,
): Merge[] {
  const counts = new PairCounts(alphabet);
  for (const [text, count] of chunks) counts.add({ symbols: [...text], count });
  const merges: Merge[] = [];
  const made = new Set<string>();
  for (let best = counts.best(); best !== undefined; best = counts.best()) {
    made.add(best.left + best.right);
    if (made.size > limit) break;
    merges.push([best.left, best.right]);
    counts.join(best);
  }
  return merges;
}

/** How often each pair occurs, kept up to date while chunks change. */
class PairCounts {
  readonly #pairs = new Map<string, Pair>();
  readonly #symbols: Set<string>;

  constructor(alphabet: ReadonlySet<string>) {
    this.#symbols = new Set(alphabet);
  }

  add(chunk: Chunk): void {
    for (const [left, right] of neighbours(chunk)) {
      if (!this.#symbols.has(left) || !this.#symbols.has(right)) continue;
      const pair = this.#pairs.get(keyOf(left, right)) ?? { left, right, count: 0, chunks: new Set() };
      pair.count += chunk.count;
      pair.chunks.add(chunk);
      this.#pairs.set(keyOf(left, right), pair);
    }
  }

  /** The pair to join next; undefined when none occurs twice. */
  best(): Pair | undefined {
    let best: Pair | undefined;
    for (const pair of this.#pairs.values()) {
      if (pair.count >= 2 && (best === undefined || goesBefore(pair, best))) best = pair;
    }
    return best;
  }

  join(pair: Pair): void {
    this.#symbols.add(pair.left + pair.right);
    for (const chunk of [...pair.chunks]) {
      this.#remove(chunk);
      chunk.symbols = joined(chunk.symbols, pair);
      this.add(chunk);
    }
  }

  #remove(chunk: Chunk): void {
    for (const [left, right] of neighbours(chunk)) {
      const key = keyOf(left, right);
      const pair = this.#pairs.get(key);
      if (pair === undefined) continue;
      pair.count -= chunk.count;
      pair.chunks.delete(chunk);
      if (pair.count === 0) this.#pairs.delete(key);
    }
  }
}

function keyOf(left: string, right: string): string {
  return `${left} ${right}`;
}

function* neighbours({ symbols }: Chunk): Generator<Merge> {
  for (let i = 1; i < symbols.length; i++) yield [symbols[i - 1]!, symbols[i]!];
}

function goesBefore(one: Pair, other: Pair): boolean {
  if (one.count !== other.count) return one.count > other.count;
  return one.left < other.left || (one.left === other.left && one.right < other.right);
}

function joined(symbols: readonly string[], { left, right }: Pair): string[] {
  const result: string[] = [];
  for (let i = 0; i < symbols.length; i++) {
    if (symbols[i] === left && symbols[i + 1] === right) {
      result.push(left + right);
      i++;
    } else {
      result.push(symbols[i]!);
    }
  }
  return result;
}
