import { defaultWorkers } from "../../datasets/job_pool.ts";
import { z } from "../core/mod.ts";

/** The settings of a stage that works on several threads; its result does not depend on them. */
export const workerSettings = {
  workers: z.number().int().min(1).default(defaultWorkers()).describe("threads to work on"),
};
