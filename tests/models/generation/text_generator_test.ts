import { assert, assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import { GENERATION_DEFAULTS, type GenerationParams } from "../../../models/generation/request.ts";
import { withOwnGpu } from "../../kernels/shared_gpu.ts";
import { adapterOf, answerOf, goldenGenerators } from "./generating.ts";

const prompts = [[1, 23, 48], [1, 5, 9, 13, 17, 21, 25], [1, 40], [1, 50, 51, 52, 53], [1, 30, 31, 32]];
const sampled: Partial<GenerationParams> = { doSample: true, temperature: 0.9, topP: 0.95, maxNewTokens: 20 };

/** Requests of every kind: greedy, sampled, penalised, beams, with an adapter. */
const requests = [
  { prompt: prompts[0]!, params: { maxNewTokens: 12 } },
  { prompt: prompts[1]!, params: { ...sampled, seed: 4 } },
  { prompt: prompts[2]!, params: { ...sampled, topK: 12, minP: 0.05, repetitionPenalty: 1.3, seed: 5 } },
  { prompt: prompts[3]!, params: { ...sampled, topK: 500, seed: 6 } }, // more than the device takes
  { prompt: prompts[4]!, params: { beams: 3, maxNewTokens: 9 } },
  { prompt: prompts[1]!, params: { ...sampled, seed: 4 }, adapter: "all" },
  { prompt: prompts[2]!, params: { ...sampled, beams: 2, seed: 9 }, adapter: "all" },
];

for (const [name, bits] of [["grouped", 8], ["qwen3", 4]] as const) {
  Deno.test(`a request gives the same bits alone and among others, ${name} in ${bits} bits`, async () => {
    using generators = await goldenGenerators(name, { bits });
    const crowded = generators.open({ slots: 10 });
    const lonely = generators.open({ slots: 3 });
    for (const generator of [crowded, lonely]) await generator.loadAdapter("all", adapterOf(name));
    const ask = (i: number) => ({ ...requests[i]!, logprobs: 3 });
    const together = await Promise.all(requests.map((_, i) => answerOf(crowded, ask(i))));
    for (const i of requests.keys()) {
      const { end, pieces: _, ...alone } = await answerOf(lonely, ask(i));
      const { end: endTogether, pieces: __, ...found } = together[i]!;
      assertEquals(found, alone, `request ${i}`);
      assertEquals(endTogether.newTokens, end.newTokens);
    }
    assertNotEquals(together[1]!.ids, together[5]!.ids, "the adapter changes the answer");
  });
}

Deno.test("another seed gives another answer, and requests that come while others run are as those before", async () => {
  using generators = await goldenGenerators("plain");
  const generator = generators.open({ slots: 2 });
  const answer = (seed: number) => answerOf(generator, { prompt: prompts[0]!, params: { ...sampled, seed } });
  const [one, two] = await Promise.all([answer(1), answer(2)]);
  assertNotEquals(one!.ids, two!.ids);
  const late: Promise<unknown>[] = [];
  const params = { ...sampled, maxNewTokens: 50, seed: 3 };
  const long = await answerOf(generator, { prompt: prompts[1]!, params }, () => {
    if (late.length < 5) late.push(answer(1 + late.length % 2).then(({ ids }) => ids));
  });
  assertEquals(long.ids, (await answerOf(generator, { prompt: prompts[1]!, params })).ids);
  assertEquals(await Promise.all(late), [one.ids, two.ids, one.ids, two.ids, one.ids]);
});

Deno.test("any number of requests take the memory of the slots, which was there from the first one on", async () => {
  using generators = await goldenGenerators("grouped");
  const generator = generators.open({ slots: 3 });
  await generator.loadAdapter("all", adapterOf("grouped"));
  const ask = (i: number) =>
    answerOf(generator, {
      prompt: [1, 3 + i % 50, ...prompts[i % 5]!.slice(1)],
      params: { ...sampled, seed: i, maxNewTokens: 6, beams: 1 + i % 2 },
      adapter: i % 3 ? "all" : undefined,
    });
  await Promise.all([ask(0), ask(1)]);
  const { allocated } = generators.device;
  const answers = await Promise.all(Array.from({ length: 40 }, (_, i) => ask(i)));
  assertEquals(generators.device.allocated, allocated);
  answers.forEach(({ ids, end }) => assert(ids.length === 6 || end.reason === "eos"));
});

Deno.test("an aborted request ends at the next token and leaves its slot to the next one", async () => {
  using generators = await goldenGenerators("plain", { positions: 400 });
  const generator = generators.open({ slots: 1 });
  const stop = new AbortController();
  let seen = 0;
  const running = answerOf(
    generator,
    { prompt: prompts[0]!, params: { maxNewTokens: 350 }, signal: stop.signal },
    () => ++seen === 5 && stop.abort(new Error("enough")),
  );
  const queued = new AbortController();
  const waiting = answerOf(generator, { prompt: prompts[1]!, signal: queued.signal });
  const next = answerOf(generator, { prompt: prompts[2]!, params: { maxNewTokens: 4 } });
  queued.abort(new Error("never mind"));
  await assertRejects(() => waiting, Error, "never mind");
  await assertRejects(() => running, Error, "enough");
  assert(seen < 30, `${seen} events came`);
  assertEquals((await next).end.newTokens, 4);
  await assertRejects(() => answerOf(generator, { prompt: prompts[0]!, signal: stop.signal }), Error, "enough");
});

Deno.test("a prompt of many chunks lets others go on meanwhile, and can be aborted in the middle", async () => {
  using generators = await goldenGenerators("plain", { positions: 2000 });
  const generator = generators.open({ slots: 2 });
  const prompt = Array.from({ length: 1500 }, (_, i) => i ? 3 + i * i % 50 : 1);
  const alone = await answerOf(generators.open({ slots: 1 }), { prompt, params: { maxNewTokens: 5 } });
  let [short, atFirst] = [0, -1];
  const other = answerOf(generator, { prompt: prompts[0]!, params: { maxNewTokens: 60 } }, () => short++);
  const found = await answerOf(generator, { prompt, params: { maxNewTokens: 5 } }, () => {
    if (atFirst < 0) atFirst = short;
  });
  assertEquals(found.ids, alone.ids);
  assert(atFirst > 4, `${atFirst} events of the other one came before the long prompt's first`);
  await other;
  const stop = new AbortController();
  const stopped = answerOf(generator, { prompt: [1, ...prompt], signal: stop.signal });
  setTimeout(() => stop.abort(new Error("enough")), 1);
  await assertRejects(() => stopped, Error, "enough");
  assertEquals((await answerOf(generator, { prompt, params: { maxNewTokens: 5 } })).ids, alone.ids);
});

Deno.test("when the device is lost every request ends with an error", () =>
  withOwnGpu(async () => {
    using generators = await goldenGenerators("plain", { positions: 1000 });
    const generator = generators.open({ slots: 1 });
    const asked = [0, 1].map((i) =>
      answerOf(
        generator,
        { prompt: prompts[i]!, params: { maxNewTokens: 900 } },
        () => generators.device.gpu.destroy(),
      )
    );
    for (const result of await Promise.allSettled(asked)) assertEquals(result.status, "rejected");
  }));

Deno.test("a reader that goes away in the middle leaves its slot, and adapters can be freed", async () => {
  using generators = await goldenGenerators("plain", { positions: 400 });
  const generator = generators.open({ slots: 1 });
  await generator.loadAdapter("all", adapterOf("plain"));
  const params = { ...GENERATION_DEFAULTS, maxNewTokens: 350 };
  for await (const event of generator.stream({ prompt: prompts[0]!, params, adapter: "all" })) {
    if (event.type === "text") break;
  }
  assertEquals((await answerOf(generator, { prompt: prompts[2]!, params: { maxNewTokens: 4 } })).end.newTokens, 4);
  await generator.unloadAdapter("all");
});

Deno.test("the next turn of a conversation computes only what is new, with the same adapter only", async () => {
  using generators = await goldenGenerators("plain", { positions: 600 });
  const generator = generators.open({ slots: 2 });
  const fresh = generators.open({ slots: 1 });
  await generator.loadAdapter("all", adapterOf("plain"));
  const first = Array.from({ length: 300 }, (_, i) => i ? 3 + i * i % 50 : 1);
  const one = await answerOf(generator, { prompt: first, params: { maxNewTokens: 10 } });
  assertEquals(one.end.reusedTokens, 0);
  const second = [...first, ...one.ids, 7, 8, 9];
  const two = await answerOf(generator, { prompt: second, params: { maxNewTokens: 10 } });
  assertEquals(two.end.reusedTokens, first.length + 9); // the last token of an answer was never fed
  assertEquals(two.ids, (await answerOf(fresh, { prompt: second, params: { maxNewTokens: 10 } })).ids);
  const adapted = await answerOf(generator, { prompt: second, params: { maxNewTokens: 2 }, adapter: "all" });
  assertEquals(adapted.end.reusedTokens, 0);
  const again = await answerOf(generator, { prompt: second, params: { maxNewTokens: 10 } });
  assertEquals([again.end.reusedTokens, again.ids], [second.length - 1, two.ids]);
});

Deno.test("a prompt that begins as another one is taken from its slot while that one runs", async () => {
  using generators = await goldenGenerators("plain", { positions: 600 });
  const generator = generators.open({ slots: 2 });
  const shared = Array.from({ length: 200 }, (_, i) => i ? 3 + i * i % 50 : 1);
  const answers: Promise<{ ids: number[]; end: { reusedTokens: number } }>[] = [];
  const params = { maxNewTokens: 12 };
  await answerOf(generator, { prompt: [...shared, 5], params }, () => {
    if (answers.length === 0) answers.push(answerOf(generator, { prompt: [...shared, 6], params }));
  });
  const { ids, end } = await answers[0]!;
  assertEquals(end.reusedTokens, shared.length);
  const fresh = generators.open({ slots: 1 });
  assertEquals(ids, (await answerOf(fresh, { prompt: [...shared, 6], params })).ids);
});

Deno.test("adapters are replaced and unloaded while others run; requests keep the one they began with", async () => {
  using generators = await goldenGenerators("plain");
  const generator = generators.open({ slots: 3 });
  const { device } = generators;
  const ask = (adapter?: string) => ({ prompt: prompts[1]!, params: { maxNewTokens: 20 }, adapter });
  await generator.loadAdapter("own", adapterOf("plain"));
  const [base, own] = await Promise.all([answerOf(generator, ask()), answerOf(generator, ask("own"))]);
  assertNotEquals(base.ids, own.ids);
  const withOne = device.allocated;
  let unloaded: Promise<number> | undefined;
  const running = await answerOf(generator, ask("own"), () => {
    unloaded ??= generator.unloadAdapter("own").then(() => device.allocated);
    assertEquals(generator.adapters, []);
  });
  assertEquals(running.ids, own.ids);
  assert(await unloaded! < withOne);
  await assertRejects(() => answerOf(generator, ask("own")), RangeError, "no adapter named own");
  await generator.loadAdapter("own", adapterOf("plain"));
  const replaced = await answerOf(generator, ask("own"), async () => {
    await generator.loadAdapter("own", adapterOf("plain").replace(/all$/, "qv"));
  });
  assertEquals(replaced.ids, own.ids);
  assertNotEquals((await answerOf(generator, ask("own"))).ids, own.ids);
  assertEquals(generator.adapters, ["own"]);
});

Deno.test("log-likelihoods may be asked for while answers are made", async () => {
  using generators = await goldenGenerators("qwen3", { bits: 4 });
  const generator = generators.open();
  await generator.loadAdapter("all", adapterOf("qwen3"));
  const answer = () => answerOf(generator, { prompt: prompts[1]!, params: { maxNewTokens: 30 }, adapter: "all" });
  const pairs = prompts.map((context) => ({ context, continuation: [7, 8, 9] }));
  const [wanted, scores] = [await answer(), await generator.score(pairs, { adapter: "all" })];
  const both = await Promise.all([answer(), generator.score(pairs, { adapter: "all" }), generator.score(pairs)]);
  assertEquals([both[0].ids, both[1]], [wanted.ids, scores]);
  assertNotEquals(both[2], scores);
  const stopped = generator.score(pairs, { signal: AbortSignal.abort(new Error("enough")) });
  await assertRejects(() => stopped, Error, "enough");
  await assertRejects(() => generator.score(pairs, { adapter: "none" }), RangeError, "no adapter named none");
});

Deno.test("beams are shown while they are searched, best first, and the answer is the best one", async () => {
  using generators = await goldenGenerators("plain");
  const params = { beams: 3, maxNewTokens: 7 };
  const { beams, text } = await answerOf(generators.open(), { prompt: prompts[0]!, params, showBeams: true });
  assertEquals(beams.length, 7);
  assertEquals(beams.at(-1)![0]!.text, text);
  for (const shown of beams) {
    assertEquals(shown.length, 3);
    shown.forEach(({ score }, i) => assert(i === 0 || score <= shown[i - 1]!.score));
  }
});

Deno.test("a request that cannot be answered is refused, and others go on", async () => {
  using generators = await goldenGenerators("plain");
  const generator = generators.open({ slots: 2, positions: 20 });
  const going = answerOf(generator, { prompt: prompts[0]!, params: { maxNewTokens: 30 } });
  const refused = async (prompt: readonly number[], params: Partial<GenerationParams>, message: string) => {
    await assertRejects(() => answerOf(generator, { prompt, params }), RangeError, message);
  };
  await refused([], {}, "empty prompt");
  await refused(Array(20).fill(3), {}, "20 tokens; at most 19");
  await refused([1, 61], {}, "token id 61 is outside the model's vocabulary of 61");
  await refused([1], { beams: 3 }, "3 beams need as many slots, there are 2");
  await refused([1], { doSample: true, temperature: 0, topP: 2, maxNewTokens: 0 }, "maxNewTokens, temperature, topP");
  const { end } = await going;
  assertEquals([end.reason, end.promptTokens + end.newTokens], ["length", 20], "a slot is filled to its end");
  const closing = answerOf(generator, { prompt: prompts[0]! });
  closing.catch(() => {});
  generator.close();
  await assertRejects(() => closing, DOMException, "closed");
});
