/** A mean of n values, and how far it may be off by chance. */
export interface Measure {
  readonly value: number;
  /** Standard error of the mean; null where a single value says nothing about it. */
  readonly stderr: number | null;
}

/** A figure of the base alone, of the base with the adapter, and how much the adapter changes it. */
export interface Compared {
  readonly before: Measure;
  /** Absent where no adapter was compared. */
  readonly after?: Measure;
  /** Mean of the differences, after − before, of each item: the items are the same on both sides, so they are paired. */
  readonly difference?: Measure;
}

const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);

/** The mean of values (one an item) with the standard error s / √n, s² the sample variance with n − 1. */
export function mean(values: readonly number[]): Measure {
  return ratio(values, values.map(() => 1));
}

/**
 * Σ values / Σ weights, as in a loss a token over rows, and its standard error with the rows as independent units:
 * √(n / (n − 1) · Σ (value − ratio · weight)²) / Σ weights (the ratio estimator of W. G. Cochran, Sampling Techniques,
 * 3rd ed. 1977, §2.11). With equal weights this is the mean and s / √n.
 */
export function ratio(values: readonly number[], weights: readonly number[]): Measure {
  const n = values.length;
  const total = sum(weights);
  const value = sum(values) / total;
  if (n < 2) return { value, stderr: null };
  const squares = sum(values.map((each, i) => (each - value * weights[i]!) ** 2));
  return { value, stderr: Math.sqrt(n / (n - 1) * squares) / total };
}

/** Both sides of {@linkcode ratio} and their paired difference; weights of 1 give means. */
export function compare(
  before: readonly number[],
  after: readonly number[] | undefined,
  weights: readonly number[] = before.map(() => 1),
): Compared {
  if (after === undefined) return { before: ratio(before, weights) };
  return {
    before: ratio(before, weights),
    after: ratio(after, weights),
    difference: ratio(after.map((value, i) => value - before[i]!), weights),
  };
}

/** The mean of independent figures, each with the same weight: stderr = √Σ stderr² / k. */
export function meanOfGroups(groups: readonly Compared[]): Compared {
  const [first] = groups;
  const side = (pick: (group: Compared) => Measure | undefined): Measure => {
    const measures = groups.flatMap((group) => pick(group) ?? []);
    const errors = measures.map(({ stderr }) => stderr);
    return {
      value: sum(measures.map(({ value }) => value)) / groups.length,
      stderr: errors.includes(null) ? null : Math.sqrt(sum(errors.map((error) => (error ?? 0) ** 2))) / groups.length,
    };
  };
  if (first?.after === undefined) return { before: side(({ before }) => before) };
  return {
    before: side(({ before }) => before),
    after: side(({ after }) => after),
    difference: side(({ difference }) => difference),
  };
}

/** A figure with its standard error: in per cent where the scale ends at 1. */
export function shownMeasure({ value, stderr }: Measure, most: number, signed: boolean, digits = 1): string {
  const scale = most === 1 ? 100 : 1;
  const sign = signed && value > 0 ? "+" : "";
  const error = stderr === null ? "" : ` ± ${(stderr * scale).toFixed(digits)}`;
  return `${sign}${(value * scale).toFixed(digits)}${error}${most === 1 ? " %" : ""}`;
}
