// What a report on a card holds; the JSON file as it is written.
import type { BenchReport } from "../bench/run.ts";
import type { DoctorReport } from "../doctor/report.ts";

/** The parts, in their order. */
export const CARD_PARTS = ["doctor", "tests", "products", "step-S", "step-M", "quickstart", "step-llama-7b"] as const;

/** One of the parts. */
export type CardPart = (typeof CARD_PARTS)[number];

/** How a part ended: to its end; cut, as its time was over; failed; or not begun. */
export type PartEnd = "done" | "cut" | "failed" | "skipped";

/** One part of a report: how it went. */
export interface PartRecord {
  readonly part: CardPart;
  readonly end: PartEnd;
  readonly seconds: number;
  /** Why it is not done. */
  readonly reason?: string;
}

/** How the numeric tests went: all of them, or those before their time was over. */
export interface TestsRecord {
  readonly passed: number;
  readonly skipped: number;
  /** The names of those that failed, with what they said. */
  readonly failed: readonly { readonly name: string; readonly message: string }[];
}

/** How the first steps of the quickstart went. */
export interface QuickstartRecord {
  /** Steps that were taken. */
  readonly steps: number;
  /** Of the trained adapter; the same on one device and driver, and seldom on two. Null where the training was cut. */
  readonly digest: string | null;
  readonly steps_per_second: number;
  /** The losses that were told on the way. */
  readonly losses: readonly number[];
}

/** All of it. What a part that is not done would have told is left out. */
export interface CardReport {
  readonly format: 1;
  /** The day. */
  readonly date: string;
  readonly deno: string;
  readonly target: string;
  readonly parts: PartRecord[];
  doctor?: DoctorReport & { readonly freeDisk: number };
  tests?: TestsRecord;
  /** Reports of the bench, by part. */
  readonly bench: Partial<Record<CardPart, BenchReport>>;
  quickstart?: QuickstartRecord;
}
