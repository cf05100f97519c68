import { assertEquals, assertRejects } from "@std/assert";
import { template } from "../../../../datasets/templates/templates.ts";
import { buildTokenizer } from "../../../../models/formats/tokenizer/tokenizer_builder.ts";
import type { TextEvent, TextRequest } from "../../../../models/generation/request.ts";
import { loadTokenizer, type Tokenizer } from "../../../../models/tokenizer/tokenizer.ts";
import { prepareAnswersTask } from "../../../../pipeline/stages/evaluation/answers_task.ts";
import type { AskedGenerator, PreparedTask, TaskRun } from "../../../../pipeline/stages/evaluation/prepared_task.ts";
import { answersOf, answersOfSides } from "../../../../pipeline/stages/evaluation/answering.ts";
import { keepIn } from "../../../../pipeline/stages/evaluation/keep.ts";
import type { AnswersTaskMeta } from "../../../../pipeline/stages/kinds.ts";
import { withFolder, writeRows } from "../running.ts";

const meta: AnswersTaskMeta = {
  type: "answers",
  name: "sums",
  maxNewTokens: 8,
  ignoreCase: false,
  ignorePunctuation: true,
  metrics: ["exact_match", "rouge_l"],
};

/** A generator that answers as it is told, piece by piece, later requests first. */
class FakeGenerator implements AskedGenerator {
  readonly requests: TextRequest[] = [];
  running = 0;
  most = 0;

  constructor(readonly positions: number, readonly answer: (request: TextRequest) => string | Error) {}

  score(): Promise<never> {
    throw new Error("nothing is to be scored");
  }

  async *stream(request: TextRequest): AsyncGenerator<TextEvent, void, undefined> {
    this.requests.push(request);
    this.most = Math.max(this.most, ++this.running);
    try {
      await new Promise((done) => setTimeout(done, 20 / this.requests.length));
      request.signal?.throwIfAborted();
      const answer = this.answer(request);
      if (answer instanceof Error) throw answer;
      for (const character of answer) yield { type: "text", text: character, tokens: [] };
      yield { type: "end", reason: "eos", promptTokens: 1, newTokens: 1, reusedTokens: 0 };
    } finally {
      this.running--;
    }
  }
}

const run = (generator: AskedGenerator, adapter?: string): TaskRun => ({
  generator,
  adapter,
  signal: new AbortController().signal,
  onRequest: () => {},
  keep: (_name, compute) => compute(),
});

async function withTask(
  rows: unknown[],
  test: (task: PreparedTask, tokenizer: Tokenizer) => Promise<void>,
  limit = 0,
) {
  await withFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/tokenizer.json`, buildTokenizer(["加等于 Response"], 400));
    using tokenizer = await loadTokenizer(folder);
    const path = writeRows(folder, "items.jsonl", rows);
    const setup = { template: template("alpaca"), tokenizer, maxPositions: 500, limit };
    await test(await prepareAnswersTask(path, meta, setup), tokenizer);
  });
}

const sums = [
  { instruction: "1加1", answer: "2", kind: "加" },
  { instruction: "1加2", answer: "3", kind: "加" },
  { instruction: "3减1", answers: ["2", "二"], kind: "减" },
];

Deno.test("a task of answers is scored by kind on both sides, with paired differences", async () => {
  await withTask(sums, async (task, tokenizer) => {
    const asked = ({ prompt }: TextRequest) => /Instruction:\n(.*)\n/.exec(tokenizer.decode(prompt))?.[1] ?? "";
    const known: Record<string, string> = { "1加1": " 2。", "1加2": "3", "3减1": "二" };
    const generator = new FakeGenerator(500, (request) => {
      const answer = known[asked(request)] ?? "";
      return request.adapter === "adapter" || answer === "3" ? answer : "我不知道";
    });
    const { result, items } = await task.run(run(generator, "adapter"));
    const [exact, rouge] = result.metrics;
    // 3 and 二 are as they should be, "2。" has one character of two in excess: 2·1·½ / 1½.
    assertEquals([rouge?.metric, rouge?.after?.value], ["rouge_l", (2 / 3 + 1 + 1) / 3]);
    assertEquals([exact?.metric, exact?.before.value, exact?.after?.value], ["exact_match", 1 / 3, 1]);
    assertEquals(exact?.difference?.value, 2 / 3);
    assertEquals(
      exact?.groups.map(({ name, count, before, after }) => [name, count, before.value, after?.value]),
      [["加", 2, 0.5, 1], ["减", 1, 0, 1]],
    );
    assertEquals(exact?.meanOfGroups?.before.value, 0.25);
    assertEquals(items.map(({ before, after }) => [before.response, after?.response]), [
      ["我不知道", "2。"],
      ["3", "3"],
      ["我不知道", "二"],
    ]);
    assertEquals(items[0]?.prompt.endsWith("### Response:\n"), true);
    assertEquals(generator.requests.every(({ params }) => !params.doSample && params.maxNewTokens === 8), true);
  });
});

Deno.test("a task of answers runs without an adapter, and counts prompts that leave no room for an answer", async () => {
  await withTask([sums[0], { instruction: "很长".repeat(300), answer: "x" }], async (task) => {
    const { result, items } = await task.run(run(new FakeGenerator(200, () => "2")));
    assertEquals(result.metrics[0]?.before.value, 0.5);
    assertEquals(result.metrics[0]?.after, undefined);
    assertEquals(result.facts["prompts_without_room"], 1);
    assertEquals(items.map(({ before, after }) => [before.response, after]), [["2", undefined], ["", undefined]]);
  });
});

Deno.test("answersOf() keeps several requests under way, ends all when one fails, and tells why", async () => {
  const prompts = Array.from({ length: 40 }, (_, i) => [1, i]);
  const { signal } = new AbortController();
  const steady = new FakeGenerator(10, ({ prompt }) => `${prompt[1]}`);
  const answers = await answersOf(steady, prompts, { maxNewTokens: 1, signal });
  assertEquals(answers, prompts.map(([, i]) => `${i}`));
  assertEquals([steady.most, steady.running], [16, 0]);
  const failing = new FakeGenerator(10, ({ prompt }) => prompt[1] === 20 ? new Error("device lost") : "x");
  await assertRejects(() => answersOf(failing, prompts, { maxNewTokens: 1, signal }), Error, "device lost");
  assertEquals(failing.running, 0);
  const stop = new AbortController();
  const stopped = new FakeGenerator(10, () => {
    stop.abort(new DOMException("stopped", "AbortError"));
    return "x";
  });
  await assertRejects(
    () => answersOf(stopped, prompts, { maxNewTokens: 1, signal: stop.signal }),
    DOMException,
    "stopped",
  );
});

Deno.test("answersOfSides() goes on where it was interrupted, and counts what was kept as done", async () => {
  await withFolder(async (folder) => {
    const prompts = Array.from({ length: 300 }, (_, i) => [1, i]);
    let done = 0;
    const running = (generator: AskedGenerator): TaskRun => ({
      ...run(generator, "mine"),
      keep: keepIn(folder),
      onRequest: (count) => done += count,
    });
    const answer = ({ prompt, adapter }: TextRequest) => `${adapter ?? "base"} ${prompt[1]}`;
    const broken = new FakeGenerator(
      10,
      (request) => request.adapter === "mine" && request.prompt[1] === 280 ? new Error("device lost") : answer(request),
    );
    await assertRejects(() => answersOfSides(prompts, 1, running(broken), template("alpaca")), Error, "device lost");
    done = 0;
    const whole = new FakeGenerator(10, answer);
    const { before, after } = await answersOfSides(prompts, 1, running(whole), template("alpaca"));
    assertEquals(before, prompts.map(([, i]) => `base ${i}`));
    assertEquals(after, prompts.map(([, i]) => `mine ${i}`));
    assertEquals(done, 600);
    assertEquals(whole.requests.length, 300 - 256); // the adapter's last ones alone
  });
});

Deno.test("a task of answers takes the first items where a limit is given, and says so", async () => {
  await withTask(sums, async (task) => {
    const { result, items } = await task.run(run(new FakeGenerator(500, () => "2")));
    assertEquals([task.requests, items.length, result.facts["limit"]], [2, 2, 2]);
  }, 2);
});
