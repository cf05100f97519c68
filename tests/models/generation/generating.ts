// What tests of generation share: a golden network with a generator, and answers as plain values.
import type { WeightBits } from "../../../kernels/weight/weight.ts";
import type { LlamaConfig } from "../../../models/formats/config.ts";
import { GENERATION_DEFAULTS, type GenerationParams, type TextEvent } from "../../../models/generation/request.ts";
import type { TextRequest } from "../../../models/generation/request.ts";
import { TextGenerator, type TextGeneratorOptions } from "../../../models/generation/text_generator.ts";
import type { Tokenizer } from "../../../models/tokenizer/tokenizer.ts";
import type { Device } from "../../../kernels/gpu/device.ts";
import { goldenFolder, type GoldenName, openGoldenBase } from "../golden_base.ts";
import { idTokenizer } from "./id_tokenizer.ts";

/** A golden network, and generators with it. */
export interface GoldenGenerators extends Disposable {
  readonly device: Device;
  readonly config: LlamaConfig;
  /** A generator that ends at the tokenizer's end token only, its cache exact; closed with all others. */
  open(options?: TextGeneratorOptions, tokenizer?: Tokenizer): TextGenerator;
}

// Tiny dispatches on lavapipe are several times faster without its worker threads.
if (!Deno.env.has("LP_NUM_THREADS")) Deno.env.set("LP_NUM_THREADS", "0");

/** Opens a golden network, with more positions than it has if wanted. */
export async function goldenGenerators(
  name: GoldenName,
  { bits = 32, positions }: { readonly bits?: WeightBits; readonly positions?: number } = {},
): Promise<GoldenGenerators> {
  const { device, base, config } = await openGoldenBase(name, bits);
  const opened: TextGenerator[] = [];
  const changed = { ...base, config: { ...config, eosIds: [], maxPositions: positions ?? config.maxPositions } };
  return {
    device,
    config,
    open(options = { slots: 4 }, tokenizer = idTokenizer(config.vocabularySize)) {
      const exact = { cacheBits: 32, ...options } as const;
      const generator = new TextGenerator(device, changed, tokenizer, exact);
      opened.push(generator);
      return generator;
    },
    [Symbol.dispose]() {
      for (const generator of opened) generator.close();
      device.close();
    },
  };
}

/** The adapter of all projections that comes with a golden network. */
export const adapterOf = (name: GoldenName): string => `${goldenFolder}${name}/all`;

type EndEvent = Extract<TextEvent, { type: "end" }>;

/** An answer, all of it. */
export interface WholeAnswer {
  readonly ids: number[];
  readonly logprobs: number[];
  readonly text: string;
  /** What each event added. */
  readonly pieces: string[];
  readonly beams: Extract<TextEvent, { type: "beams" }>["beams"][];
  readonly end: EndEvent;
}

/** Reads the answer to a request to its end; parameters that are left out have their defaults. */
export async function answerOf(
  generator: TextGenerator,
  { params, ...request }: Omit<TextRequest, "params"> & { readonly params?: Partial<GenerationParams> },
  onEvent: (event: TextEvent) => void = () => {},
): Promise<WholeAnswer> {
  const answer = { ids: [] as number[], logprobs: [] as number[], pieces: [] as string[] };
  const beams: WholeAnswer["beams"] = [];
  let end: EndEvent | undefined;
  for await (const event of generator.stream({ ...request, params: { ...GENERATION_DEFAULTS, ...params } })) {
    onEvent(event);
    if (event.type === "end") end = event;
    else if (event.type === "beams") beams.push(event.beams);
    else {
      answer.pieces.push(event.text);
      for (const { id, logprob } of event.tokens) {
        answer.ids.push(id);
        if (logprob) answer.logprobs.push(logprob.logprob);
      }
    }
  }
  if (!end) throw new Error("an answer ended without saying why");
  return { ...answer, text: answer.pieces.join(""), beams, end };
}
