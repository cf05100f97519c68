import type { RunSummary } from "../wire.ts";

/**
 * Which run to show where nobody has chosen one: one that runs, else the one that was shown, else the newest.
 *
 * @param runs the newest first
 * @param shown id of the run that is shown now
 */
export function runToShow(
  runs: readonly Pick<RunSummary, "id" | "status">[],
  shown: string | undefined,
): string | undefined {
  const running = runs.filter(({ status }) => status === "running");
  const first = (among: typeof runs) => among.find(({ id }) => id === shown)?.id;
  return first(running) ?? running[0]?.id ?? first(runs) ?? runs[0]?.id;
}
