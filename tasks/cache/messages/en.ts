/** What `cache` says in English. */
export const EN = {
  options: {
    keep:
      "gc: what stays besides pinned runs: the newest runs of each pipeline (3), what was used lately (7d, 12h), or a size (20GB)",
    dryRun: "gc, rm: only say what would go",
  },
  description: `Looks into the cache and cleans it.

  ls                 entries with size, age, time they took, and what made them
  why A [B]          every difference between two entries, to the leaf; of one entry and its nearest; or, for a pipeline (a recipe or a file), why its stages would run
  verify [KEY...]    reads every file again and compares it with what was published
  gc                 takes away what --keep does not keep, and what killed runs left behind
  rm KEY...          takes entries away

A KEY is its first characters, or the name of a stage for its latest entry.`,
  noEntry: (name: string) => `no entry ${name} in the cache`,
  severalKeys: (name: string, keys: number) => `${name} is the beginning of ${keys} keys: give more`,
  columns: ["stage", "key", "size", "used", "took", "params"],
  pinned: "pinned",
  ago: (age: string) => `${age} ago`,
  total: (entries: number, bytes: string, leavings: number, left: string) =>
    `${entries} entries, ${bytes}; ${leavings} pieces of work that goes on or was stopped, ${left}`,
  whyWhat: "cache why: give a key, a stage, or a pipeline",
  noOther: (stage: string) => `${stage} has no other entry`,
  cached: "cached",
  shared: "in the shared cache",
  dependsOn: (stages: readonly string[]) => `depends on ${stages.join(", ")}`,
  verified: (read: number, damaged: number) =>
    `${read} entries read, ${damaged} damaged; a damaged one is set aside and computed again when it is needed`,
  inUse: (count: number) => `; ${count} stay because a running process uses them`,
  wouldFree: (bytes: string, stays: string) => `would free ${bytes}${stays}`,
  freed: (bytes: string, stays: string) => `freed ${bytes}${stays}`,
  removeWhat: "cache rm: give the keys to take away",
  entryInUse: "in use:",
  unknownCommand: (found: string | undefined) => `cache: wanted ls, why, verify, gc or rm, found ${found ?? "nothing"}`,
};

/** What `cache` says: every language has every entry. */
export type CacheMessages = typeof EN;
