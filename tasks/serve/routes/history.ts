// GET /api/runs…: what runs of pipelines did and do, for the page. Other processes run them; their files are read.
import { Hono } from "hono";
import { z } from "zod";
import { ApiError } from "../api_error.ts";
import type { ServeContext } from "../context.ts";
import { findRun, listRuns, viewOfRun } from "../history/runs.ts";
import { viewOfMerge, viewOfRows, viewOfTokens } from "../history/tokens.ts";
import { viewOfTraining } from "../history/training.ts";

/** Most rows of a page. */
const MOST_ROWS = 100;

const stage = z.string().optional();
const split = z.enum(["train", "validation"]).default("train");
const whole = z.coerce.number().int().min(0);
const TRAINING = z.object({ stage, from: whole.default(0) });
const MERGE = z.object({ stage });
const TOKENS = z.object({ stage, split });
const ROWS = z.object({
  ...{ stage, split },
  order: z.enum(["file", "longest", "shortest"]).default("file"),
  from: whole.default(0),
  count: whole.min(1).max(MOST_ROWS).default(20),
});

/** The routes of runs. */
export function historyRoutes({ cacheDir }: Pick<ServeContext, "cacheDir">): Hono {
  const routes = new Hono();
  const run = (id: string) => findRun(cacheDir, id);
  routes.get("/runs", async (c) => c.json(await listRuns(cacheDir)));
  routes.get("/runs/:id", async (c) => c.json(viewOfRun(await run(c.req.param("id")))));
  routes.get("/runs/:id/training", async (c) => {
    const { stage, from } = checked(TRAINING, c.req.query());
    return c.json(await viewOfTraining(cacheDir, await run(c.req.param("id")), stage, from));
  });
  routes.get("/runs/:id/merge", async (c) => {
    return c.json(await viewOfMerge(cacheDir, await run(c.req.param("id")), checked(MERGE, c.req.query()).stage));
  });
  routes.get("/runs/:id/tokens", async (c) => {
    const { stage, split } = checked(TOKENS, c.req.query());
    return c.json(await viewOfTokens(cacheDir, await run(c.req.param("id")), stage, split));
  });
  routes.get("/runs/:id/rows", async (c) => {
    const { stage, ...range } = checked(ROWS, c.req.query());
    return c.json(await viewOfRows(cacheDir, await run(c.req.param("id")), stage, range));
  });
  return routes;
}

function checked<T>(schema: z.ZodType<T>, query: Record<string, string>): T {
  const parsed = schema.safeParse(query);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new ApiError(400, `${issue?.path.join(".")}: ${issue?.message}`, { param: issue?.path.join(".") });
}
