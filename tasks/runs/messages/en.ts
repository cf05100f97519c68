/** What `runs` says in English. */
export const EN = {
  options: {
    all: "list also what generate, chat, serve and export looked up",
  },
  description: `Lists runs of pipelines, the newest first.

  diff A B           parameters and figures in which two runs differ
  pin A, unpin A     keeps the results of a run through every \`cache gc\`, or no longer

A run is its id, or the beginning of it; \`last\` is the newest.`,
  noId: "runs: give the id of a run",
  noRun: (name: string) => `there is no run ${name}`,
  severalRuns: (name: string, ids: readonly string[]) =>
    `${name} is the beginning of ${ids.length} runs: ${ids.join(", ")}`,
  columns: ["run", "pipeline", "status", "time", "options", "figures, or why it ended"],
  statuses: { running: "running", silent: "no sign of life", done: "done", failed: "failed", stopped: "stopped" },
  failedAt: (stage: string | undefined, why: string | undefined) =>
    `failed${stage === undefined ? "" : ` at ${stage}`}${why === undefined ? "" : `: ${why}`}`,
  stoppedAt: (stage: string | undefined) => `stopped${stage === undefined ? "" : ` at ${stage}`}`,
  silentAt: (stage: string | undefined, seen: string) =>
    `last sign of life ${seen}, it may have been killed${stage === undefined ? "" : ` at ${stage}`}`,
  pinnedMark: "* pinned",
  pinned: (id: string) => `pinned ${id}`,
  unpinned: (id: string) => `unpinned ${id}`,
  unknownCommand: (found: string) => `runs: wanted list, diff, pin or unpin, found ${found}`,
  noDifference: "They do not differ.",
};

/** What `runs` says: every language has every entry. */
export type RunsMessages = typeof EN;
