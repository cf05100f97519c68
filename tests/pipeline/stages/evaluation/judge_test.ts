// Judging against a judge on this machine that misbehaves in every way that servers do.
import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { join } from "@std/path";
import { inputFolder, PipelineError, type Ref, StageArgumentError } from "../../../../pipeline/core/mod.ts";
import { judge, type JudgeParams, judgePromptFile } from "../../../../pipeline/stages/evaluation/judge.ts";
import { report } from "../../../../pipeline/stages/kinds.ts";
import { run, withFolder, writeRows } from "../running.ts";

type Reply = (message: string, request: Request) => Response | Promise<Response>;

/** A chat completion with this text. */
const says = (content: string, model = "judge-1-2026") =>
  Response.json({ id: "x", object: "chat.completion", model, choices: [{ index: 0, message: { content } }] });

/** A server of chat completions, and the messages that it was asked. */
class FakeJudge {
  readonly asked: { message: string; at: number; key: string | null }[] = [];
  running = 0;
  most = 0;
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #closing = new AbortController();

  constructor(public reply: Reply) {
    this.#server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen() {}, signal: this.#closing.signal },
      (request) => this.#answer(request),
    );
  }

  get baseUrl(): string {
    return `http://127.0.0.1:${this.#server.addr.port}/v1`;
  }

  async #answer(request: Request): Promise<Response> {
    const { messages, model, temperature } = await request.json();
    assertEquals([model, temperature, new URL(request.url).pathname], ["gpt-judge", 0, "/v1/chat/completions"]);
    const message: string = messages[0].content;
    this.asked.push({ message, at: Date.now(), key: request.headers.get("authorization") });
    this.most = Math.max(this.most, ++this.running);
    try {
      return await this.reply(message, request);
    } finally {
      this.running--;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    await this.#server.finished;
  }
}

const questions = [
  { question: "一加一？", std_answer: "二", class: "math" },
  { question: "二加二？", std_answer: "四", class: "Math" },
  { question: "抄写。", std_answer: "", class: "closed\u00a0QA" },
  { question: "改写。", std_answer: "", class: "rewrite" },
];

/** An evaluation of BELLE's questions; the adapter's answers are longer. */
function evaluated(folder: string): Ref<typeof report> {
  const dir = join(folder, "evaluation");
  Deno.mkdirSync(dir, { recursive: true });
  writeRows(dir, "answers_belle_base.jsonl", questions.map((row, i) => ({ ...row, answer: `短${i}` })));
  writeRows(dir, "answers_belle_adapter.jsonl", questions.map((row, i) => ({ ...row, answer: `很长${i}` })));
  return inputFolder(report, dir, { meta: {} });
}

/** 1 for the adapter's answers, 0.5 for the base's, and 0 for the base's third. */
const fair: Reply = (message) =>
  says(message.includes("很长") ? "好。\n得分:1" : `一般。\n得分：${message.includes("短2") ? 0 : 0.5}`);

const quick: Partial<JudgeParams> = { retryDelay: 0.005, timeout: 5, concurrency: 3 };

async function judged(
  folder: string,
  server: FakeJudge,
  params: Partial<JudgeParams> = {},
  prompts?: string,
) {
  const build = () => ({
    judgement: judge({
      report: evaluated(folder),
      ...(prompts === undefined ? {} : { prompts: judgePromptFile(prompts) }),
      model: "gpt-judge",
      baseUrl: server.baseUrl,
      ...quick,
      ...params,
    }),
  });
  const said: string[] = [];
  const { targets } = await run(folder, build, (event) => {
    if (event.type === "stage-log") said.push(event.message);
  });
  const read = (name: string) => Deno.readTextFile(join(targets.judgement.dir, name));
  return { said, read, result: JSON.parse(await read("judgement_belle.json")), meta: targets.judgement.meta };
}

Deno.test("judge gives the mean of each class with judge and version, paired, and asks for several answers at once", async () => {
  await withFolder(async (folder) => {
    await using server = new FakeJudge(async (message, request) => {
      await new Promise((done) => setTimeout(done, 20));
      return fair(message, request);
    });
    const { result, meta, read } = await judged(folder, server);
    assertEquals(result.judge, { model: "gpt-judge", answered_by: ["judge-1-2026"], base_url: server.baseUrl });
    assertEquals([result.before.value, result.after.value, result.difference.value], [0.375, 1, 0.625]);
    const groups = result.groups.map((group: Record<string, { value: number }>) => [
      group["name"],
      group["count"],
      group["before"]?.value,
      group["after"]?.value,
    ]);
    assertEquals(groups, [["math", 2, 0.5, 1], ["closed qa", 1, 0, 1], ["rewrite", 1, 0.5, 1]]);
    assertAlmostEquals(result.meanOfGroups.before.value, 1 / 3, 1e-12);
    assertEquals(meta, { judge: "gpt-judge", before: 0.375, after: 1 });
    assertEquals([server.asked.length, server.most], [8, 3]);
    const first = server.asked.find(({ message }) => message.includes("短0"))?.message ?? "";
    assertStringIncludes(first, "【题目】\n一加一？\n\n【参考答案】\n二\n\n【模型回答】\n短0");
    const lines = (await read("judged_belle.jsonl")).trimEnd().split("\n").map((line) => JSON.parse(line));
    assertEquals(lines[2].class, "closed\u00a0QA");
    assertEquals([lines[2].answer, lines[2].before.score, lines[2].after.reply], ["短2", 0, "好。\n得分:1"]);
    assertStringIncludes(await read("judgement_belle.md"), "gpt-judge (judge-1-2026)");
    assertStringIncludes(await read("judgement_belle.html"), await read("belle_judge_score.svg"));
    await judged(folder, server, { concurrency: 1 });
    assertEquals(server.asked.length, 8, "a judgement is kept, whatever the settings");
  });
});

Deno.test("judge tries again after errors, broken replies, silence and replies without a score", async () => {
  await withFolder(async (folder) => {
    const faults: Reply[] = [
      () => Response.json({ error: { message: "overloaded" } }, { status: 503 }),
      () => new Response("bad gateway", { status: 502 }),
      () => new Response("<html>hello</html>", { headers: { "content-type": "text/html" } }),
      () => Response.json({ choices: [] }),
      () => new Response("{ half", { headers: { "content-type": "application/json" } }),
      () => new Response(new ReadableStream({ start: (stream) => stream.error(new Error("cut")) })),
      () => new Promise<Response>((done) => setTimeout(() => done(says("得分:0")), 600)),
      () => says("我不评分。"),
      () => says("得分:85"),
    ];
    const times = new Map<string, number>();
    await using server = new FakeJudge((message, request) => {
      const time = times.get(message) ?? 0;
      times.set(message, time + 1);
      const fault = time < 3 ? faults[([...times.keys()].indexOf(message) * 2 + time) % faults.length] : undefined;
      return (fault ?? fair)(message, request);
    });
    const { result } = await judged(folder, server, { timeout: 0.3 });
    assertEquals([result.before.value, result.after.value, result.unscored], [0.375, 1, 0]);
    assert(server.asked.length >= 8 * 3, `${server.asked.length} requests`);
  });
});

Deno.test("judge leaves the server alone for as long as it asks, with all its requests", async () => {
  await withFolder(async (folder) => {
    let refusedAt = 0;
    await using server = new FakeJudge((message, request) => {
      if (refusedAt > 0) return fair(message, request);
      refusedAt = Date.now();
      return Response.json({ error: { message: "slow down" } }, { status: 429, headers: { "retry-after": "1" } });
    });
    await judged(folder, server);
    // Two others were under way when the first was refused.
    const later = server.asked.map(({ at }) => at - refusedAt).filter((ms) => ms > 200);
    assertEquals(later.length >= 6, true);
    assert(later.every((ms) => ms >= 990), `${later}`);
    assertEquals(server.asked.length, 9);
  });
});

Deno.test("judge goes on where it was interrupted, and asks for nothing twice", async () => {
  await withFolder(async (folder) => {
    let good = 5;
    await using server = new FakeJudge((message, request) =>
      good-- > 0 ? fair(message, request) : new Response("down", { status: 500 })
    );
    const error = await assertRejects(() => judged(folder, server, { attempts: 2, concurrency: 1 }), PipelineError);
    assertStringIncludes(error.message, "gave up after 2 tries");
    assertEquals(server.asked.length, 7);
    // The process may have been killed in the middle of a line.
    const [scratch] = [...Deno.readDirSync(join(folder, "cache/scratch/judge"))].map(({ name }) => name);
    await Deno.writeTextFile(join(folder, "cache/scratch/judge", scratch ?? "", "replies.jsonl"), '{"id":"torn', {
      append: true,
    });
    server.reply = fair;
    const { result } = await judged(folder, server);
    assertEquals([result.before.value, server.asked.length], [0.375, 10]);
  });
});

Deno.test("judge counts answers that it cannot get a score for, and publishes nothing when there is none at all", async () => {
  await withFolder(async (folder) => {
    await using server = new FakeJudge((message, request) =>
      message.includes("很长1") ? says("无法评价") : fair(message, request)
    );
    const { result, said } = await judged(folder, server);
    assertEquals([result.count, result.unscored, result.before.value], [3, 1, 1 / 3]);
    assertStringIncludes(said.join("\n"), "1 of 4 questions have no score");
    assertEquals(server.asked.filter(({ message }) => message.includes("很长1")).length, 3);
    server.reply = () => says("无可奉告");
    await assertRejects(() => judged(join(folder, "other"), server), PipelineError, "无可奉告");
  });
});

Deno.test("judge sends its own key, never OpenAI's to another server, and explains a refusal at once", async () => {
  await withFolder(async (folder) => {
    await using server = new FakeJudge(() => Response.json({ error: { message: "who are you" } }, { status: 401 }));
    Deno.env.set("OPENAI_API_KEY", "sk-not-for-you");
    try {
      const without = await assertRejects(() => judged(folder, server), PipelineError);
      assertStringIncludes(without.message, "no key was given: set JUDGE_API_KEY");
      assert(server.asked.every(({ key }) => key === "Bearer none"), JSON.stringify(server.asked));
      Deno.env.set("JUDGE_API_KEY", "jk-1");
      server.asked.length = 0;
      await assertRejects(() => judged(folder, server, { concurrency: 1 }), PipelineError, "401");
      assertEquals(server.asked.map(({ key }) => key), ["Bearer jk-1"]);
      server.reply = fair;
      const { read } = await judged(folder, server);
      assert(!(await read("judgement_belle.json")).includes("jk-1"));
    } finally {
      Deno.env.delete("OPENAI_API_KEY");
      Deno.env.delete("JUDGE_API_KEY");
    }
  });
});

Deno.test("judge takes the user's prompts by folded class, and says when there are no answers to judge", async () => {
  await withFolder(async (folder) => {
    const prompts = writeRows(folder, "eval_prompt.json", [{ class: "Closed qa", prompt: "按原文评分。" }]);
    await using server = new FakeJudge(fair);
    await judged(folder, server, {}, prompts);
    assertEquals(server.asked.filter(({ message }) => message.startsWith("按原文评分。")).length, 2);
    await assertRejects(
      () => judged(folder, server, { task: "other" }),
      PipelineError,
      "wanted answers of a task other",
    );
  });
});

Deno.test("judge says so at once when its address is none, or has a password in it", () =>
  withFolder((folder) => {
    const ask = (baseUrl: string) => () => judge({ report: evaluated(folder), model: "gpt-judge", baseUrl });
    assertThrows(ask("nowhere"), StageArgumentError, "Invalid URL");
    assertThrows(ask("ftp://judge.example/v1"), StageArgumentError, "Invalid URL");
    assertThrows(ask("http://me:secret@judge.example/v1"), StageArgumentError, "no password in the address");
    return Promise.resolve();
  }));
