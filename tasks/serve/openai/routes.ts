// OpenAI's API: /v1/models, /v1/chat/completions, /v1/completions.
import { Hono } from "hono";
import type { Admission } from "../admission.ts";
import { readBody } from "../body.ts";
import type { ServeContext } from "../context.ts";
import { answerJob } from "./answers.ts";
import { CHAT_SCHEMA, chatJob } from "./chat.ts";
import { COMPLETION_SCHEMA, completionJob } from "./completions.ts";
import { adapterOf } from "./params.ts";

/** The routes below `/v1`. */
export function openAiRoutes(context: ServeContext, admission: Admission): Hono {
  const { generator, model, limits } = context;
  const created = Math.floor(Date.now() / 1000);
  const describe = (id: string) => ({ id, object: "model", created, owned_by: "vicuna" });
  const routes = new Hono();
  routes.get("/models", (c) => c.json({ object: "list", data: [model, ...generator.adapters].map(describe) }));
  // Names have slashes: those of the hub, and of checkpoints.
  routes.get("/models/:name{.+}", (c) => {
    const name = c.req.param("name");
    adapterOf(name, model, generator);
    return c.json(describe(name));
  });
  routes.post(
    "/chat/completions",
    async (c) => await answerJob(c, chatJob(await readBody(c, CHAT_SCHEMA, limits), context), context, admission),
  );
  routes.post(
    "/completions",
    async (c) =>
      await answerJob(c, completionJob(await readBody(c, COMPLETION_SCHEMA, limits), context), context, admission),
  );
  return routes;
}
