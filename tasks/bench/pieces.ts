// A bench in pieces, one after the other, and how long those take that are still to come.

/** What can be measured. */
export const BENCH_PARTS = ["kernels", "steps", "decode", "packing"] as const;

/** One of the parts. */
export type BenchPart = typeof BENCH_PARTS[number];

/** A measurement, or a few that belong together. */
export interface Piece {
  readonly part: BenchPart;
  /** What it measures, such as `8 bits, 256 x 1024 x 1024`. */
  readonly name: string;
  /** How long it takes on two cores of a processor with AVX-512, roughly; what it weighs beside the others elsewhere. */
  readonly seconds: number;
  measure(): Promise<void>;
}

/** Where a bench is. */
export interface BenchProgress {
  readonly part: BenchPart;
  readonly name: string;
  /** Which of all pieces it is, counted from 1. */
  readonly number: number;
  readonly pieces: number;
  /** What all that is left may take: by what the pieces so far took; before the first one, as on the machine above. */
  readonly leftMs: number;
}

/** What is told of a bench that goes on. */
export interface BenchObserver {
  /** A piece begins. */
  begin(progress: BenchProgress): void;
  /** A part is done. */
  done(part: BenchPart): void;
}

/** Measures pieces, which stand in the order of their parts. */
export async function measurePieces(
  pieces: readonly Piece[],
  observer: BenchObserver,
  signal: AbortSignal,
  now: () => number = () => performance.now(),
): Promise<void> {
  const secondsOf = (some: readonly Piece[]) => some.reduce((sum, { seconds }) => sum + seconds, 0);
  const begin = now();
  for (const [index, { part, name, measure }] of pieces.entries()) {
    signal.throwIfAborted();
    const left = secondsOf(pieces.slice(index));
    const leftMs = index === 0 ? left * 1000 : (now() - begin) * left / secondsOf(pieces.slice(0, index));
    observer.begin({ part, name, number: index + 1, pieces: pieces.length, leftMs });
    await measure();
    if (pieces[index + 1]?.part !== part) observer.done(part);
  }
}
