import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { GENERATION_DEFAULTS } from "../../../models/generation/request.ts";
import {
  argmax,
  candidates,
  chooseToken,
  drawPlace,
  idAt,
  logSoftmax,
  penalise,
} from "../../../models/generation/sampling.ts";
import { uniforms } from "../../../models/generation/uniforms.ts";
import golden from "../goldens/generation/uniforms.json" with { type: "json" };

const logits = Float32Array.of(1, 3, 2, -5, 2.5);
const everything = { topP: 1, topK: 0, minP: 0 };

/** Ids that may be drawn. */
const kept = (params: Partial<typeof everything>, keep?: number) => {
  const left = candidates(logits, { ...everything, ...params }, keep);
  return Array.from({ length: left.count }, (_, place) => idAt(logits, left, place));
};

Deno.test("uniforms() are those that the golden files were made with, and seeds differ from the first number on", () => {
  const next = uniforms(golden.seed);
  assertEquals(golden.values.map(() => next()), golden.values);
  const firsts = Array.from({ length: 400 }, (_, seed) => uniforms(seed)()).toSorted((a, b) => a - b);
  firsts.forEach((value, i) => assert(Math.abs(value - i / 400) < 0.08, `number ${i} is ${value}`));
});

Deno.test("without sampling the likeliest token is taken, the first of equals, and no number is drawn", () => {
  const never = () => {
    throw new Error("drew a number");
  };
  const penalties = { history: new Set<number>(), made: 0, stopIds: [] };
  assertEquals(chooseToken(logits.slice(), GENERATION_DEFAULTS, penalties, never), 1);
  assertEquals(argmax(Float32Array.of(1, 4, 4)), 1);
});

Deno.test("a number points into probabilities that are laid end to end, the likeliest first", () => {
  const shares = [...logSoftmax(logits)].map(Math.exp);
  const all = candidates(logits, everything);
  let begin = 0;
  for (const id of [1, 4, 2, 0, 3]) {
    for (const within of [0.01, 0.5, 0.99]) {
      const place = drawPlace(all, begin + shares[id]! * within);
      assertEquals(idAt(logits, all, place), id, `${within} of id ${id}`);
    }
    begin += shares[id]!;
  }
  assertAlmostEquals(begin, 1, 1e-6);
  const two = candidates(logits, { ...everything, topK: 2 });
  assertEquals([0, 0.5, 0.9999999999].map((u) => idAt(logits, two, drawPlace(two, u))), [1, 1, 4]);
});

Deno.test("equal scores count by rising id, and impossible ones are never drawn", () => {
  const equal = Float32Array.of(1, 2, -Infinity, 2, 1, 2);
  const all = candidates(equal, everything);
  assertEquals(Array.from({ length: all.count }, (_, place) => idAt(equal, all, place)), [1, 3, 5, 0, 4]);
  assertEquals(candidates(equal, { ...everything, topK: 2 }).count, 2);
});

Deno.test("top-k, top-p and min-p leave out all less likely tokens", () => {
  // Probabilities are about 0.48, 0.29, 0.18 and 0.07 for ids 1, 4, 2 and 0.
  assertEquals(kept({}), [1, 4, 2, 0, 3]);
  assertEquals(kept({ topK: 2 }), [1, 4]);
  assertEquals(kept({ topK: 9 }), [1, 4, 2, 0, 3]);
  assertEquals(kept({ topP: 0.6 }), [1, 4]);
  assertEquals(kept({ topP: 0.4 }), [1]);
  assertEquals(kept({ topP: 0 }), [1]);
  assertEquals(kept({ minP: 0.5 }), [1, 4]);
  assertEquals(kept({ minP: 1 }), [1]);
});

Deno.test("the cuts come one after the other: each sees what the ones before have left", () => {
  // Of the two likeliest tokens the first has 0.62 of the probability: enough for 0.6, which of all five it is not.
  assertEquals(kept({ topK: 2, topP: 0.6 }), [1]);
  assertEquals(kept({ topK: 2, topP: 0.7, minP: 0.1 }), [1, 4]);
  assertEquals(kept({ topK: 1, topP: 0.1, minP: 0.9 }, 2), [1, 4], "as many as must be kept");
});

Deno.test("penalise() divides positive scores, multiplies negative ones, and puts off the end", () => {
  const scores = Float32Array.of(2, -2, 3, -3, 1);
  const params = { repetitionPenalty: 2, minNewTokens: 2 };
  penalise(scores, params, { history: new Set([0, 1, 7]), made: 1, stopIds: [4, 9] });
  assertEquals([...scores], [1, -4, 3, -3, -Infinity]);
  penalise(scores, { ...params, repetitionPenalty: 1 }, { history: new Set([0]), made: 2, stopIds: [0] });
  assertEquals(scores[0], 1);
});
