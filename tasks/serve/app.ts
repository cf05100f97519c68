import { fromFileUrl } from "@std/path";
import { Hono } from "hono";
import { Admission } from "./admission.ts";
import { answerError, ApiError, errorResponse } from "./api_error.ts";
import type { ServeContext } from "./context.ts";
import { checkHost, checkKey, checkOrigin, secureHeaders } from "./guard.ts";
import { openAiRoutes } from "./openai/routes.ts";
import { generateRoutes } from "./routes/generate.ts";
import { historyRoutes } from "./routes/history.ts";
import { pageRoutes } from "./routes/page.ts";
import { stateOf } from "./routes/state.ts";

/** Where the page's files are. */
const PAGE_FOLDER = fromFileUrl(new URL("./page/static/", import.meta.url));

/** The server's routes, with an eye on how many requests for answers are inside. */
export interface ServeApp {
  readonly app: Hono;
  readonly admission: Pick<Admission, "inside">;
}

/** Makes the routes: the page, `/api/…` for it, and OpenAI's `/v1/…`. */
export async function createApp(context: ServeContext, pageFolder: string = PAGE_FOLDER): Promise<ServeApp> {
  const { access } = context;
  const admission = new Admission(context.generator, context.limits.requests);
  const app = new Hono();
  app.use(secureHeaders(), checkHost(access), checkOrigin(access));
  app.use("/api/*", checkKey(access));
  app.use("/v1/*", checkKey(access));
  app.get("/api/state", (c) => c.json(stateOf(context)));
  app.route("/api", generateRoutes(context, admission));
  app.route("/api", historyRoutes(context));
  app.route("/v1", openAiRoutes(context, admission));
  app.route("/", await pageRoutes(pageFolder));
  app.notFound((c) => errorResponse(c, new ApiError(404, `there is no ${c.req.method} ${c.req.path}`)));
  app.onError((error, c) => {
    // A refusal in our own words has been reported where it was worded.
    if (error instanceof ApiError) return errorResponse(c, error);
    const report = (fault: unknown) => c.req.raw.signal.aborted || context.report(fault);
    return errorResponse(c, answerError(error, { signal: context.signal, report }));
  });
  return { app, admission };
}
