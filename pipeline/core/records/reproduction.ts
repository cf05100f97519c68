import { describeChange, diffRecords } from "../explain.ts";
import { isPlainObject, type Json } from "../json.ts";
import type { LockedPipeline, LockedStage } from "./lock_file.ts";

/** How a stage that was computed anew compares with its lock. */
export type Verdict =
  /** The same bytes. */
  | { readonly type: "identical" }
  /** Another device computed it; its numbers are within the tolerance. */
  | { readonly type: "close"; /** Largest relative difference. */ readonly difference: number }
  /** Its numbers are too far off, or it should have been identical. */
  | { readonly type: "differs"; /** What differs. */ readonly detail: string }
  /** It was asked to compute something else. */
  | { readonly type: "drifted"; /** Every leaf that differs. */ readonly changes: readonly string[] }
  /** The lock or the run has no such stage. */
  | { readonly type: "missing" };

/** One row of a comparison. */
export interface ComparedStage {
  readonly stage: string;
  readonly locked: LockedStage | undefined;
  readonly found: LockedStage | undefined;
  readonly verdict: Verdict;
}

/**
 * Compares a pipeline that was computed anew with its lock. A stage must give the same bytes, unless another device
 * computed it, or it follows such a stage: then the numbers of its meta may differ by `tolerance`, relatively.
 */
export function compareWithLock(locked: LockedPipeline, found: LockedPipeline, tolerance: number): ComparedStage[] {
  const names = new Set([...Object.keys(locked.stages), ...Object.keys(found.stages)]);
  /** Digests that may differ from the lock's, because another device computed them. */
  const loose = new Set<string>();
  return [...names].map((stage) => {
    const [before, after] = [locked.stages[stage], found.stages[stage]];
    if (before === undefined || after === undefined) {
      return { stage, locked: before, found: after, verdict: { type: "missing" } };
    }
    const verdict = compareStages(before, after, loose, tolerance);
    if (verdict.type === "close") loose.add(after.digest);
    return { stage, locked: before, found: after, verdict };
  });
}

function compareStages(
  before: LockedStage,
  after: LockedStage,
  loose: ReadonlySet<string>,
  tolerance: number,
): Verdict {
  if (before.key === after.key && before.digest === after.digest) return { type: "identical" };
  const inputs = Object.values(after.record.inputs).flat();
  const follows = inputs.some((digest) => loose.has(digest));
  const changes = diffRecords(before.record, after.record).filter((change) => !(follows && change.type === "input"));
  if (changes.length > 0) return { type: "drifted", changes: changes.map(describeChange) };
  if (before.digest === after.digest) return { type: "identical" };
  const otherDevice = before.device !== undefined && before.device !== after.device;
  if (!otherDevice && !follows) {
    return { type: "differs", detail: "the same inputs on the same device gave other bytes" };
  }
  const [path, difference] = furthest(before.meta, after.meta, "meta");
  return difference <= tolerance ? { type: "close", difference } : {
    type: "differs",
    detail: `${path} is off by ${(difference * 100).toFixed(1)} %, more than ${(tolerance * 100).toFixed(1)} %`,
  };
}

/** The number that differs most, relatively; anything but a number must be equal. */
function furthest(before: Json | undefined, after: Json | undefined, path: string): [path: string, difference: number] {
  if (typeof before === "number" && typeof after === "number") {
    const scale = Math.max(Math.abs(before), Math.abs(after));
    return [path, scale === 0 ? 0 : Math.abs(before - after) / scale];
  }
  if (isPlainObject(before) && isPlainObject(after)) {
    const names = new Set([...Object.keys(before), ...Object.keys(after)]);
    return [...names]
      .map((name) => furthest(before[name] as Json | undefined, after[name] as Json | undefined, `${path}.${name}`))
      .reduce((a, b) => b[1] > a[1] ? b : a, [path, 0]);
  }
  return [path, JSON.stringify(before) === JSON.stringify(after) ? 0 : Infinity];
}
