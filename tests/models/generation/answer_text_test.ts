// What an answer's text is while it comes: stop texts, characters of several tokens, log-probabilities.
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import type { GenerationParams, TextEvent } from "../../../models/generation/request.ts";
import { answerOf, goldenGenerators } from "./generating.ts";
import { characterOf, idTokenizer } from "./id_tokenizer.ts";

const prompts = [[1, 23, 48], [1, 5, 9, 13, 17, 21, 25], [1, 40], [1, 50, 51, 52, 53], [1, 30, 31, 32]];
const sampled: Partial<GenerationParams> = { doSample: true, temperature: 0.9, topP: 0.95, maxNewTokens: 20 };

Deno.test("a stop text ends the answer and is never shown, nor is what might have become one", async () => {
  using generators = await goldenGenerators("plain");
  const free = await answerOf(generators.open(), { prompt: prompts[0]!, params: { ...sampled, seed: 1 } });
  const at = free.ids.findIndex((id, i) => i > 3 && !free.ids.slice(0, i).includes(id));
  // The last three characters before it, and another text that begins in the same way and never comes.
  const stop = free.ids.slice(at - 2, at + 1).map(characterOf).join("");
  const near = `${characterOf(free.ids[0]!)}${characterOf(free.ids[1]!)}x`;
  const params = { ...sampled, seed: 1, stop: ["", near, stop] };
  const answer = await answerOf(generators.open(), { prompt: prompts[0]!, params });
  assertEquals(answer.text, free.ids.slice(0, at - 2).map(characterOf).join(""));
  assertEquals([answer.end.reason, answer.end.stop, answer.end.newTokens], ["stop-string", stop, at + 1]);
  assertEquals(answer.pieces.slice(0, 2), ["", ""], "what may become a stop text is held back");
  assert(answer.pieces.every((piece) => !stop.startsWith(piece) || piece === ""));
  const beams = await answerOf(generators.open(), { prompt: prompts[0]!, params: { beams: 2, maxNewTokens: 12 } });
  const cut = [...beams.text].slice(2, 4).join("");
  const stopped = await answerOf(generators.open(), {
    prompt: prompts[0]!,
    params: { beams: 2, maxNewTokens: 12, stop: [cut] },
  });
  assert(!stopped.text.includes(cut));
});

Deno.test("held back text is given out when the answer ends otherwise", async () => {
  using generators = await goldenGenerators("plain");
  const { ids } = await answerOf(generators.open(), { prompt: prompts[0]!, params: { maxNewTokens: 5 } });
  const stop = [`${characterOf(ids[4]!)}…`];
  const answer = await answerOf(generators.open(), { prompt: prompts[0]!, params: { maxNewTokens: 5, stop } });
  assertEquals([answer.text, answer.end.reason], [ids.map(characterOf).join(""), "length"]);
});

Deno.test("characters of several tokens appear whole, with the last of them", async () => {
  using generators = await goldenGenerators("plain");
  const { ids } = await answerOf(generators.open(), { prompt: prompts[0]!, params: { ...sampled, seed: 2 } });
  const [b0, b1, b2] = new TextEncoder().encode("好");
  // The first three ids that differ become the three bytes of one character.
  const [x, y, z] = [...new Set(ids)];
  const bytes = { [x!]: [b0!], [y!]: [b1!], [z!]: [b2!] };
  const tokenizer = idTokenizer(generators.config.vocabularySize, 2, bytes);
  const generator = generators.open({ slots: 2 }, tokenizer);
  const answer = await answerOf(generator, { prompt: prompts[0]!, params: { ...sampled, seed: 2 } });
  assertEquals(answer.ids, ids);
  assertEquals(answer.text, tokenizer.decode(ids));
  assert(answer.text.includes("好"));
  const wholeAt = answer.pieces.findIndex((piece) => piece.includes("好"));
  assertEquals(answer.pieces.slice(0, wholeAt).join("").includes("\ufffd"), false);
});

Deno.test("log-probabilities come with the likeliest alternatives and the bytes of their tokens", async () => {
  using generators = await goldenGenerators("grouped");
  const generator = generators.open();
  const events: TextEvent[] = [];
  const params = { ...sampled, seed: 3, maxNewTokens: 8, temperature: 2 };
  const { ids } = await answerOf(
    generator,
    { prompt: prompts[1]!, params, logprobs: 4 },
    (event) => events.push(event),
  );
  const tokens = events.flatMap((event) => event.type === "text" ? event.tokens : []);
  const pairs = ids.map((id, i) => ({ context: [...prompts[1]!, ...ids.slice(0, i)], continuation: [id] }));
  const scores = await generator.score(pairs);
  for (const [i, { id, logprob }] of tokens.entries()) {
    assert(logprob);
    assertEquals([id, logprob.id], [ids[i], ids[i]]);
    assertAlmostEquals(logprob.logprob, scores[i]!.logprobs[0]!, 1e-4);
    assertEquals(new TextDecoder().decode(logprob.bytes), characterOf(id));
    assertEquals(logprob.top.length, 4);
    logprob.top.forEach(({ logprob: value }, n) => assert(n === 0 || value <= logprob.top[n - 1]!.logprob));
    assertEquals(logprob.top[0]!.logprob === logprob.logprob, scores[i]!.greedy);
  }
});
