import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { Hono } from "hono";
import { writeRun } from "../../../pipeline/core/upkeep.ts";
import { ApiError } from "../../../tasks/serve/api_error.ts";
import type {
  MergeView,
  RowsView,
  RunSummary,
  RunView,
  TokensView,
  TrainingView,
} from "../../../tasks/serve/page/wire.ts";
import { historyRoutes } from "../../../tasks/serve/routes/history.ts";
import { inFolder, quickTraining, runTask, writeInputs } from "../children.ts";
import { startTraining } from "./slow_training.ts";

/** The routes of a cache, called without a network. */
function routesOf(cacheDir: string) {
  const app = new Hono().route("/", historyRoutes({ cacheDir }));
  app.onError((error, c) => c.text(error.message, error instanceof ApiError ? error.status : 500));
  return {
    get: async <T>(path: string): Promise<T> => {
      const response = await app.request(path);
      assertEquals(response.status, 200, path);
      return await response.json() as T;
    },
    status: async (path: string) => (await app.request(path)).status,
  };
}

/** What the pieces of a row spell, and what of it is under the loss. */
function spelled({ rows }: RowsView): { all: string; learnt: string }[] {
  return rows.map(({ pieces }) => {
    const text = (list: typeof pieces) => list.map((piece) => piece.control ?? piece.text).join("");
    return { all: text(pieces), learnt: text(pieces.filter(({ labelled }) => labelled)) };
  });
}

Deno.test("routes of runs: a real run with its stages, training, merge, tokens and rows; damage and nonsense are refused", async (t) => {
  await inFolder(async (folder) => {
    await writeInputs(folder);
    const more = ["--samples", "0", "--eval-steps", "2", "--sample-steps", "2", "--output-path", "adapter"];
    const trained = await runTask("train", folder, [...quickTraining, ...more]);
    assertEquals(trained.code, 0, trained.stderr);
    const cacheDir = join(folder, ".vicuna");
    const { get, status } = routesOf(cacheDir);
    const [run] = await get<RunSummary[]>("/runs");
    assertEquals(run?.status, "done");
    const at = `/runs/${run?.id}`;

    await t.step("a run says which stages ran and why", async () => {
      const view = await get<RunView>(at);
      assertEquals(view.stages.map(({ stage, state }) => `${stage} ${state}`), [
        ...["quantize ran", "merge ran", "tokenize ran", "train ran", "evaluate ran"],
      ]);
      assertEquals(view.stages[0]?.because, "first run");
      assertEquals([view.trainings, view.merges, view.tokenised], [["train"], ["merge"], ["tokenize"]]);
    });
    await t.step("a training gives its lines, from any of them on", async () => {
      const whole = await get<TrainingView>(`${at}/training`);
      assertEquals([whole.source, whole.done, whole.total, whole.from], ["result", 3, 3, 0]);
      assertEquals(whole.lines.filter((line) => "loss" in line).length, 3);
      assertEquals(whole.lines.filter((line) => "eval_loss" in line).length, 2);
      assertEquals(whole.lines.filter((line) => "samples" in line).length, 1);
      const rest = await get<TrainingView>(`${at}/training?stage=train&from=2`);
      assertEquals([rest.from, rest.lines], [2, whole.lines.slice(2)]);
      const shorter = await get<TrainingView>(`${at}/training?from=99`);
      assertEquals([shorter.from, shorter.lines], [0, whole.lines]);
    });
    await t.step("a merge gives its report", async () => {
      const { report } = await get<MergeView>(`${at}/merge`);
      assertEquals([report.train, report.validation, report.total.kept], [32, 4, 36]);
      assertEquals(report.sources.map(({ source }) => source), ["belle.jsonl", "alpaca.json"]);
    });
    await t.step("tokens have a histogram that counts every row", async () => {
      const view = await get<TokensView>(`${at}/tokens?split=train`);
      assertEquals([view.rows, view.maxTokens], [32, 96]);
      const { width, counts } = view.histogram;
      assertEquals(counts.reduce((sum, count) => sum + count, 0), view.rows);
      assertEquals(counts.findLastIndex((count) => count > 0), Math.floor((view.longest - 1) / width));
    });
    await t.step("rows are text again, a page at a time, with what is learnt marked", async () => {
      const page = await get<RowsView>(`${at}/rows?split=train&from=30&count=5`);
      assertEquals([page.total, page.rows.map(({ index }) => index), page.hasText], [32, [30, 31], true]);
      const all = await get<RowsView>(`${at}/rows?split=train&count=100`);
      const texts = spelled(all);
      for (const { all, learnt } of texts) {
        assert(all.startsWith("<s>Below is an instruction") && all.endsWith(learnt), all);
        assert(/^(是\d|A \w+ \w+)<\/s>$/.test(learnt), learnt);
      }
      assertEquals(spelled(page), texts.slice(30));
      for (const { length, pieces } of all.rows) assertEquals(pieces.flatMap(({ ids }) => ids).length, length);
      const longest = (await get<RowsView>(`${at}/rows?order=longest&count=100`)).rows.map(({ length }) => length);
      assertEquals(longest, longest.toSorted((a, b) => b - a));
    });
    await t.step("what is not there, or makes no sense, is refused", async () => {
      assertEquals(await status("/runs/nonsense"), 404);
      assertEquals(await status(`${at}/training?stage=merge`), 404);
      assertEquals(await status(`${at}/rows?count=101`), 400);
      assertEquals(await status(`${at}/rows?from=-1`), 400);
      await Deno.remove(join(cacheDir, "store", "merge"), { recursive: true });
      assertEquals(await status(`${at}/merge`), 404);
    });
  });
});

Deno.test("a training of another process is followed while it runs: whole lines, steps done and in all", async () => {
  await inFolder(async (cacheDir) => {
    const training = startTraining(cacheDir);
    await training.tell('{"step":1,"loss":3.5,"elapsed":2}\n{"step":2,"lo', 2);
    const { get } = routesOf(cacheDir);
    let view: TrainingView | undefined;
    for (let i = 0; i < 100 && view?.total === undefined; i++) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      const [run] = await get<RunSummary[]>("/runs");
      if (run !== undefined) view = await get<TrainingView>(`/runs/${run.id}/training`);
    }
    assertEquals(view, {
      ...{ stage: "train", from: 0, done: 2, total: 10, source: "growing" },
      lines: [{ step: 1, loss: 3.5, elapsed: 2 }],
    });
    const [run] = await get<RunSummary[]>("/runs");
    assertEquals((await get<RunView>(`/runs/${run?.id}`)).stages.map(({ state }) => state), ["running"]);
    await training.end();
    assertEquals((await get<RunView>(`/runs/${run?.id}`)).stages.map(({ state }) => state), ["ran"]);
  });
});

Deno.test("a run that has long been silent is told from one that runs, and one that failed says where and why", async () => {
  await inFolder(async (cacheDir) => {
    const now = Date.now();
    const record = (id: string, secondsAgo: number) => ({
      ...{ format: 1, id, pipeline: "p", startedAt: new Date(now).toISOString(), options: {}, stages: [] } as const,
      ...{ status: "running", planned: ["merge", "train"] } as const,
      current: {
        ...{ stage: "merge", key: "0", because: "first run", startedAt: new Date(now).toISOString() },
        reason: { type: "first" as const },
      },
      seenAt: new Date(now - secondsAgo * 1000).toISOString(),
    });
    await writeRun(cacheDir, record("b", 5));
    await writeRun(cacheDir, record("a", 300));
    const { get } = routesOf(cacheDir);
    assertEquals((await get<RunSummary[]>("/runs")).map(({ status }) => status), ["running", "silent"]);
    const states = async (id: string) => (await get<RunView>(`/runs/${id}`)).stages.map(({ state }) => state);
    assertEquals(await states("b"), ["running", "waiting"]);
    assertEquals(await states("a"), ["interrupted", "not-reached"]);

    const failure = { stage: "merge", message: "row 3 is no row" };
    await writeRun(cacheDir, { ...record("c", 300), status: "failed", failure });
    const { current: _, ...before } = record("d", 300);
    await writeRun(cacheDir, { ...before, status: "failed", failure });
    assertEquals([await states("c"), await states("d")], [["failed", "not-reached"], ["failed", "not-reached"]]);
    const view = await get<RunView>("/runs/d");
    assertEquals([view.status, view.failure, view.trainings], ["failed", failure, ["train"]]);
  });
});
