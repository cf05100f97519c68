import { diffRecords, type Reason } from "../explain.ts";
import type { LastRun } from "../records/last_run.ts";
import type { Manifest } from "../store/manifest.ts";
import { keyOf, type KeyRecord } from "../record.ts";
import type { PartialRecord } from "./resolver.ts";
import type { Lookup, Store } from "../store/store.ts";

/** How many of a stage's newest results are searched for the nearest one. */
const NEAREST_OF = 50;

/** Why a key is not in the store, measured against the last run of the same step, else the nearest result there is. */
export async function explainMiss(
  step: string,
  { record, sources }: PartialRecord,
  lookup: Exclude<Lookup, { state: "hit" }>,
  { lastRun, store }: { lastRun: LastRun; store: Store },
): Promise<Reason> {
  if (lookup.state === "damaged") return { type: "damaged", detail: lookup.detail };
  const earlier = await nearestRecord(step, record, { lastRun, store });
  if (earlier === undefined) return { type: "first" };
  if (keyOf(earlier) === keyOf(record)) return { type: "gone" };
  return { type: "changed", changes: diffRecords(earlier, record, sources) };
}

/** The record that a step's present one is best compared with. */
export async function nearestRecord(
  step: string,
  record: KeyRecord,
  { lastRun, store }: { lastRun: LastRun; store: Store },
): Promise<KeyRecord | undefined> {
  const last = await lastRun.last(step);
  if (last !== undefined && last.stage === record.stage) return last;
  return (await nearestManifest(record, store))?.record;
}

/** The result in the store whose record differs least from `record`; of equals the newest. */
export async function nearestManifest(record: KeyRecord, store: Store): Promise<Manifest | undefined> {
  let nearest: Manifest | undefined;
  let least = Infinity;
  for (const manifest of await store.manifests(record.stage, NEAREST_OF)) {
    const count = diffRecords(manifest.record, record).length;
    if (count >= least) continue;
    least = count;
    nearest = manifest;
  }
  return nearest;
}
