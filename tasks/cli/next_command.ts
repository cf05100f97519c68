// What to type after a run: the command that talks to what it gave.
import { join, relative } from "@std/path";
import { embeddedModelPath } from "../../mod.ts";
import type { RunObserver } from "../../pipeline/core/upkeep.ts";
import type { TargetsResult } from "../../pipeline/core/mod.ts";
import { calledAs, quoted } from "./options/called_as.ts";

type Step = Parameters<NonNullable<RunObserver["settled"]>>[0];
type Producer = Step | NonNullable<ReturnType<Step["inputs"]["get"]>>["from"];

/** The bits of a base weight that `chat` takes by itself. */
const CHAT_BITS = 8;

/** Follows a run, to know afterwards what its models are made of. */
export class ModelTracer implements RunObserver {
  readonly #steps = new Map<string, Step>();

  settled(step: Step): void {
    this.#steps.set(step.name, step);
  }

  /**
   * The command that talks to the adapter or model of a run, or to what it evaluated; undefined where there is none that can
   * be named.
   *
   * @param dir absolute path of the folder that the files were copied to
   */
  nextCommand({ targets }: TargetsResult, dir: string, files: readonly string[]): string | undefined {
    // Names that two targets share lie in a folder of each.
    const placeOf = (target: string, file: string) => shownPath(files.includes(file) ? dir : join(dir, target));
    for (const [name, { stage }] of Object.entries(targets)) {
      const step = this.#steps.get(stage);
      const kind = step?.node.stage.output.name;
      if (step === undefined) continue;
      if (kind === "adapter") return chat(step, baseFlags(step), placeOf(name, "adapter_config.json"));
      if (kind === "model") return chat(step, ["--base-model", placeOf(name, "config.json")]);
      if (kind === "report") return chat(step, baseFlags(step), pathOf(step.inputs.get("adapter")?.from));
    }
    return undefined;
  }
}

/** @param base undefined where the base cannot be named */
function chat(step: Step, base: readonly string[] | undefined, adapter?: string): string | undefined {
  if (base === undefined) return undefined;
  const words = [...base, ...base.length > 0 ? templateFlags(step) : [], ...adapter ? ["--lora-path", adapter] : []];
  return [calledAs("chat"), ...words.map(quoted)].join(" ");
}

/** The flags that name the base which a step reads: none for the one that `chat` takes by itself. */
function baseFlags(step: Step): string[] | undefined {
  const quantized = step.inputs.get("base")?.from;
  if (quantized?.node.type !== "stage") return undefined;
  const model = pathOf((quantized as Step).inputs.get("model")?.from);
  if (model === undefined) return undefined;
  const { bits = CHAT_BITS } = quantized.node.params;
  return [
    ...model === embeddedModelPath ? [] : ["--base-model", model],
    ...bits === CHAT_BITS ? [] : ["--bits", String(bits)],
  ];
}

/** The form of conversation that was taught, where `chat` might take another by itself. */
function templateFlags(step: Step): string[] {
  const tokens = step.inputs.get("tokens")?.from;
  const template = tokens?.node.type === "stage" ? tokens.node.params["template"] : undefined;
  return typeof template === "string" && template !== "tokenizer" ? ["--template", template] : [];
}

/** How a person names a model or an adapter that is no result of the run: its path, or `owner/name` on the hub. */
function pathOf(producer: Producer | undefined): string | undefined {
  if (producer === undefined) return undefined;
  const { node } = producer;
  if (node.type === "leaf") {
    const file = node.meta["file"];
    return typeof file === "string" ? join(node.path, file) : node.path;
  }
  const { name, file, revision } = node.params;
  if (node.stage.name !== "hugging_face" || typeof name !== "string") return undefined;
  return `${name}${file === undefined ? "" : `:${file}`}${revision === "main" ? "" : `@${revision}`}`;
}

function shownPath(path: string): string {
  const shown = relative(Deno.cwd(), path);
  return shown === "" ? "." : shown.startsWith("..") ? path : shown;
}
