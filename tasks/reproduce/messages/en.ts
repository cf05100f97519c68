/** What `reproduce` says in English. */
export const EN = {
  options: {
    checkDevice: "accept nothing but the same bytes, also from another device",
    tolerance: "how far numbers from another device may be off, relatively",
    cacheDir: "folder of the cache; the new one is made in it and removed",
  },
  description:
    "Computes the pipeline of vicuna.lock.json anew, with the lock's options and an empty cache, and compares " +
    "every stage: the same bytes where the device is the same, else numbers within a tolerance.",
  identical: "identical",
  close: (percent: string) => `another device, within ${percent}`,
  differs: "DIFFERS",
  drifted: "DRIFTED",
  missing: "MISSING on one side",
  columns: ["stage", "locked", "found", "outcome"],
  reproduced: "Reproduced.",
  notReproduced: "Not reproduced.",
};

/** What `reproduce` says: every language has every entry. */
export type ReproduceMessages = typeof EN;
