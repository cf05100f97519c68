// Jobs for the tests of the job pool. A module of its own, since worker threads load it.
import { DataError } from "../../datasets/errors.ts";
import type { JobType } from "../../datasets/job_pool.ts";

/** Squares numbers, the earlier ones slowly; refuses negative ones. */
export const squares: JobType<{ power: number }, { value: number }, number> = {
  module: import.meta.url,
  name: "squares",
  prepare: ({ power }) => async ({ value }) => {
    await new Promise((resolve) => setTimeout(resolve, value % 4 === 0 ? 20 : 0));
    if (value === -1) throw new DataError("a user's fault");
    if (value < 0) throw new RangeError("our fault");
    return { result: value ** power, transfer: [] };
  },
};
