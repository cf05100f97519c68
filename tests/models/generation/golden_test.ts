// Answers are those of transformers' generate() (goldens/README.md), through everything that a request goes through.
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import golden from "../goldens/generation/generation.json" with { type: "json" };
import uniforms from "../goldens/generation/uniforms.json" with { type: "json" };
import type { GenerationParams } from "../../../models/generation/request.ts";
import type { GoldenName } from "../golden_base.ts";
import { adapterOf, answerOf, goldenGenerators } from "./generating.ts";
import { idTokenizer } from "./id_tokenizer.ts";

/** A case's settings under transformers' names. */
interface Settings {
  readonly do_sample: boolean;
  readonly temperature?: number;
  readonly top_k?: number;
  readonly top_p?: number;
  readonly min_p?: number;
  readonly num_beams?: number;
  readonly repetition_penalty?: number;
  readonly min_new_tokens?: number;
}

const paramsOf = (settings: Settings): Partial<GenerationParams> => ({
  maxNewTokens: golden.max_new_tokens,
  seed: uniforms.seed,
  doSample: settings.do_sample,
  temperature: settings.temperature ?? 1,
  topK: settings.top_k ?? 0,
  topP: settings.top_p ?? 1,
  minP: settings.min_p ?? 0,
  beams: settings.num_beams ?? 1,
  repetitionPenalty: settings.repetition_penalty ?? 1,
  minNewTokens: settings.min_new_tokens ?? 0,
});

interface Case {
  readonly settings: Settings;
  readonly eos: number;
  readonly ids: readonly number[];
  readonly logprobs?: readonly number[];
  readonly score?: number;
}

for (const [network, { prompt, cases }] of Object.entries(golden.networks)) {
  Deno.test(`answers of ${network} are those of transformers, all at once: greedy, penalty, beams, sampling`, async () => {
    const [name, adapter] = network.split("/") as [GoldenName, string?];
    using generators = await goldenGenerators(name);
    const all = Object.entries(cases as Record<string, Case>);
    for (const eos of new Set(all.map(([, each]) => each.eos))) {
      const generator = generators.open({ slots: 10 }, idTokenizer(generators.config.vocabularySize, eos));
      if (adapter) await generator.loadAdapter(adapter, adapterOf(name));
      const mine = all.filter(([, each]) => each.eos === eos);
      assert(mine.length > 10);
      await Promise.all(mine.map(async ([title, { settings, ids, logprobs, score }]) => {
        const params = paramsOf(settings);
        const answer = await answerOf(generator, { prompt, params, adapter, logprobs: 2, showBeams: true });
        const ended = ids.at(-1) === eos;
        assertEquals(answer.ids, ended ? ids.slice(0, -1) : ids, title);
        assertEquals(answer.end.reason, ended ? "eos" : "length", title);
        assertEquals(answer.end.newTokens, answer.ids.length);
        answer.ids.forEach((_, i) => {
          if (logprobs) assertAlmostEquals(answer.logprobs[i]!, logprobs[i]!, 1e-3, title);
        });
        if (score !== undefined) assertAlmostEquals(answer.beams.at(-1)![0]!.score, score, 1e-4, title);
      }));
      generator.close();
    }
  });
}
