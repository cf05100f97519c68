// How long a card takes for work at best, and what limits it. Each limit is a rate that the card's papers give and a need of
// the kernel's loop that its compiler gives; work takes as long as the tightest of them lets it (a roofline: Williams, Waterman
// and Patterson 2009, https://doi.org/10.1145/1498765.1498785), and longer where its threads do not fill the card.
import { type Card, peakMultiplyAdds } from "./cards.ts";
import { type KernelStatistics, type Statistics, statisticsOf } from "./statistics.ts";
import type { Work } from "./step_work.ts";

/** What work waits for. */
export type Limit = "multiply-adds" | "instructions" | "workgroup memory" | "cache" | "memory" | "latency";

/** Assumptions that no paper gives. */
export const ASSUMED = {
  /** Share of a card's bandwidth that streams of loads reach. */
  bandwidth: 0.85,
  /** Share of a card's memory that a training takes; the rest is the desktop's and the driver's. */
  memory: 0.93,
  /** Share of its rate that a SIMD reaches with one subgroup, which waits at barriers with nobody to take over. */
  alone: 0.6,
  /** Seconds from a load to its value, under load. */
  latency: 600e-9,
  /** Seconds between dependent dispatches, and dispatches of a layer forward and backward. */
  dispatch: 5e-6,
  dispatches: 50,
} as const;

/** Work on a card. */
export interface Estimate {
  readonly seconds: number;
  readonly limit: Limit;
}

/** The forward product of activations of 8 bits. */
const BYTE_PRODUCT = "byte_product, 256 rows";

/** Clocks of a unit for each multiply-add, by what it waits for. */
function needs(card: Card, kernel: KernelStatistics, bytes: boolean): Partial<Record<Limit, number>> {
  // NVK loads a vector by four loads of a number each, ACO by one of 16 bytes.
  const loadBytes = card.target === "tu102" || card.target === "ga106" ? 4 : 16;
  return {
    "multiply-adds": 1 / (bytes ? 4 * card.byteProducts : card.multiplyAdds),
    "instructions": kernel.instructions / card.issued,
    "workgroup memory": kernel.sharedLoads * 16 / card.sharedBytes,
    "cache": (kernel.loads * loadBytes + kernel.spills * 4) / card.cacheBytes,
  };
}

/** Which share of a card's rate so many threads can use. A SIMD takes whole subgroups, so the last round may be thin. */
export function filled(card: Card, threads: number): number {
  if (!Number.isFinite(threads)) return 1;
  const lanes = card.issued / card.simds;
  const each = threads / (card.units * card.simds * lanes);
  const even = each / Math.ceil(each);
  return even * (Math.ceil(each) > 1 ? 1 : ASSUMED.alone);
}

/**
 * Seconds that a card takes for work at best.
 *
 * @param byteProducts whether forward products multiply bytes by bytes, where the card has an instruction for it
 */
export function estimate(card: Card, work: Work, statistics: Statistics, byteProducts = false): Estimate {
  const memory = work.bytes / (card.bandwidth * 1e9 * ASSUMED.bandwidth);
  if (work.kernel === undefined) return { seconds: memory, limit: "memory" };
  const bytes = byteProducts && card.byteProducts > 0 && work.kernel.startsWith("product,");
  const kernel = statisticsOf(statistics, card.target, bytes ? BYTE_PRODUCT : work.kernel);
  const [limit, clocks] = Object.entries(needs(card, kernel, bytes))
    .reduce((most, each) => each[1] > most[1] ? each : most) as [Limit, number];
  const full = work.multiplyAdds * clocks / (card.units * card.clock * 1e9);
  const fill = filled(card, work.threads);
  if (memory > full / fill) return { seconds: memory, limit: "memory" };
  return { seconds: full / fill, limit: fill < 0.75 ? "latency" : limit };
}

/** Seconds that float32 multiply-adds and bandwidth ask for, whatever the kernels are. */
export function bound(card: Card, work: Work): number {
  return Math.max(work.multiplyAdds / peakMultiplyAdds(card), work.bytes / (card.bandwidth * 1e9));
}

/**
 * Which share of a card's bandwidth the products of a single token reach: as many bytes must be under way as the card moves
 * in the time of a load (Little's law).
 *
 * @param columns columns of the product, eight to a workgroup of a subgroup
 */
export function decodeShare(card: Card, { fit }: KernelStatistics, columns: number): number {
  const lanes = card.issued / card.simds;
  const perUnit = card.target === "tu102" || card.target === "ga106" ? fit : fit * card.simds;
  const resident = Math.min(perUnit, Math.ceil(columns / 8 / card.units));
  const underWay = resident * Math.max(32, lanes) * 2 * 16; // two blocks of 16 bytes a thread
  const wanted = card.bandwidth * 1e9 * ASSUMED.latency / card.units;
  return Math.min(1, underWay / wanted) * ASSUMED.bandwidth;
}
