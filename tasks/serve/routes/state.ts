// GET /api/state: what there is to talk to and how.
import { TEMPLATE_NAMES } from "../../../datasets/templates/templates.ts";
import { controlsFor } from "../../generation/controls.ts";
import type { ServeContext } from "../context.ts";
import type { ServerState } from "../page/wire.ts";

/** The state now. */
export function stateOf({ generator, model, device, fingerprint, template, language }: ServeContext): ServerState {
  const templates = TEMPLATE_NAMES.filter((name) =>
    name !== "tokenizer" || generator.tokenizer.chatTemplate !== undefined
  );
  const { adapters, positions } = generator;
  const { sampling } = generator.tokenizer.generation;
  return {
    model,
    adapters,
    positions,
    device,
    fingerprint,
    templates,
    template,
    controls: controlsFor(sampling),
    doSample: sampling.doSample ?? false,
    language,
  };
}
