/**
 * What the command line needs beyond running pipelines: the cache's inventory and clean-up, the history of runs, locks and
 * their comparison.
 *
 * @module
 */
export { freeName, keepEarlierResult, noteResult, RESULT_NOTE } from "./records/earlier_result.ts";
export { diffRecords } from "./explain.ts";
export {
  type CacheEntry,
  type CleanUp,
  cleanUp,
  type Keep,
  type Leaving,
  listCache,
  listLeavings,
  removeEntry,
  setAside,
  verifyEntry,
} from "./store/inventory.ts";
export {
  LockCheck,
  LockCollector,
  LockDriftError,
  type LockedPipeline,
  type LockedStage,
  readLockFile,
  writeLockFile,
} from "./records/lock_file.ts";
export { holdOutput } from "./store/output_lock.ts";
export type { RunObserver } from "./run/observer.ts";
export { folderWithDigest, growingResult, publishedResult, scratchOfKey } from "./store/results.ts";
export { type ComparedStage, compareWithLock, type Verdict } from "./records/reproduction.ts";
export { runObserved } from "./run/run.ts";
export { sameKeys } from "./run/same_keys.ts";
export { type CurrentStage, type LoggedStage, readRuns, type RunRecord, writeRun } from "./records/run_log.ts";
export { type RunFailure, type RunStanding, standingOf } from "./records/run_standing.ts";
