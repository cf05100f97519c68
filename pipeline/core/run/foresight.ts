import { isUserFacing } from "../errors.ts";
import { exists } from "../files.ts";
import { isStep, type Step, type StepInput } from "../stage/graph.ts";
import { cloneJson, type JsonObject } from "../json.ts";
import { nearestManifest } from "./miss.ts";
import type { KeyRecord } from "../record.ts";
import { partMeta } from "../stage/ref.ts";
import type { Session } from "./session.ts";
import type { AnyKind } from "../stage/kind.ts";
import type { ForeseenInput, ForesightContext, InputDeclarations, MemoryUse } from "../stage/stage_spec.ts";

/** What a stage can tell of a run before it. */
export interface Expectation {
  /** Memory that it will take, if it knows. */
  readonly memory?: MemoryUse;
  /** Why it could not run, if it knows that. */
  readonly fault?: string;
  /** What the nearest result in the cache took: milliseconds to compute, bytes on disk. */
  readonly asBefore?: { readonly durationMs: number; readonly bytes: number };
}

/** Asks stages what they can tell before they run, and hands on what they foresee to the stages after them. */
export class ForesightKeeper {
  readonly #session: Session;
  readonly #metas = new Map<Step, JsonObject>();

  /** For the steps of a session, asked in their order. */
  constructor(session: Session) {
    this.#session = session;
  }

  /** What a step expects of its run. */
  async of(step: Step, record: KeyRecord): Promise<Expectation> {
    const nearest = await nearestManifest(record, this.#session.store);
    const asked = await this.#ask(step);
    if (nearest === undefined) return asked;
    const bytes = nearest.files.reduce((sum, { size }) => sum + size, 0);
    return { ...asked, asBefore: { durationMs: nearest.durationMs, bytes } };
  }

  async #ask(step: Step): Promise<Expectation> {
    const { stage, params, settings } = step.node;
    if (stage.foresee === undefined) return {};
    const inputs = await this.#inputs(step);
    try {
      const found = await stage.foresee({ inputs, params: cloneJson(params), settings: cloneJson(settings) });
      if (found.meta !== undefined) this.#metas.set(step, found.meta);
      return found.memory === undefined ? {} : { memory: found.memory };
    } catch (error) {
      if (isUserFacing(error)) return { fault: (error as Error).message };
      throw error;
    }
  }

  async #inputs(step: Step): Promise<ForesightContext<InputDeclarations, JsonObject, JsonObject>["inputs"]> {
    const inputs: Record<string, ForeseenInput<AnyKind> | ForeseenInput<AnyKind>[]> = {};
    for (const [name, input] of step.inputs) {
      const foreseen = await this.#input(input, `${step.name}, input ${name}`);
      const [, listName] = name.match(/^(.*)\[\d+\]$/) ?? [];
      if (listName === undefined) inputs[name] = foreseen;
      else inputs[listName] = [inputs[listName] ?? [], foreseen].flat();
    }
    return inputs as ForesightContext<InputDeclarations, JsonObject, JsonObject>["inputs"];
  }

  async #input(input: StepInput, where: string): Promise<ForeseenInput<AnyKind>> {
    const outcome = await this.#session.resolver.peek(input, where);
    // A result of the shared cache is known, but not here yet.
    if (outcome !== undefined) return { ...(await exists(outcome.path) && { path: outcome.path }), meta: outcome.meta };
    const meta = isStep(input.from) ? this.#metas.get(input.from) : undefined;
    return { meta: meta === undefined ? {} : partMeta(meta, input.part) ?? {} };
  }
}
