import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { join } from "@std/path";
import { evaluate } from "../../../pipeline/stages/evaluate.ts";
import { answerTask } from "../../../pipeline/stages/evaluation/tasks.ts";
import { heldOutTask } from "../../../pipeline/stages/evaluation/held_out_task.ts";
import { merge } from "../../../pipeline/stages/merge.ts";
import { belle } from "../../../pipeline/stages/sources.ts";
import { run, samplesIn, withFolder, writeRows } from "./running.ts";
import { small } from "./small_training.ts";

const questions = [
  { instruction: "1 加 1 等于几？", answer: "答案是 2。", kind: "加" },
  { instruction: "3 加 1 等于几？", answers: ["答案是 4。", "4"], kind: "加" },
  { instruction: "说一个字", pattern: "[\\s\\S]?", kind: "any" },
];

Deno.test("evaluate puts tasks to base and adapter, and its reports show the table of kinds and the plot", async () => {
  await withFolder(async (folder) => {
    const task = answerTask(writeRows(folder, "my tasks.jsonl", questions), { maxNewTokens: 3 });
    const build = () => {
      const { base, tokens, adapter } = small(folder, {});
      const held = heldOutTask({
        data: merge({ sources: [belle(join(folder, "rows.jsonl"))], validation: 6, seed: 1 }),
      });
      return { tokens, report: evaluate({ base, adapter, tokens, tasks: [task, held], samples: 1, maxNewTokens: 2 }) };
    };
    const { targets } = await run(folder, build);
    const { dir, meta } = targets.report;
    const read = (name: string) => Deno.readTextFile(join(dir, name));
    const { tasks, samples, before, after, difference } = JSON.parse(await read("results.json"));
    // The labels are the answers and an end each, which has no bytes.
    const lines = (await Deno.readTextFile(join(targets.tokens.dir, "validation.jsonl"))).trimEnd().split("\n");
    const held = lines.reduce((sum, line) => sum + new TextEncoder().encode(JSON.parse(line).output).length, 0);
    const { labelledTokens } = targets.tokens.meta.validation;
    assertAlmostEquals(before.bits_per_byte, before.eval_loss * labelledTokens / (Math.LN2 * held), 1e-9);
    assertAlmostEquals(after.eval_loss - before.eval_loss, difference.eval_loss, 1e-9);
    assert(difference.eval_loss_stderr > 0 && before.eval_loss_stderr > 0);
    assertEquals(tasks.map(({ name, count }: { name: string; count: number }) => [name, count]), [
      ["my_tasks", 3],
      ["held_out", 6],
    ]);
    const [exact] = tasks[0].metrics;
    // An untrained model knows no sums, and any text has the pattern.
    assertEquals(
      exact.groups.map(({ name, after }: { name: string; after: { value: number } }) => [name, after.value]),
      [
        ["加", 0],
        ["any", 1],
      ],
    );
    assertEquals(meta.tasks?.["my_tasks"]?.["exact_match"], { before: 1 / 3, after: 1 / 3 });
    assertEquals([samples.length, meta.evalLossBefore], [1, before.eval_loss]);

    assertStringIncludes(await read("report.md"), "| any | 1 | 100.0 % | 100.0 % | 0.0 % |");
    assertStringIncludes(await read("report.md"), "![my\\_tasks: exact match 完全匹配](my_tasks_exact_match.svg)");
    const page = await read("report.html");
    assertStringIncludes(page, await read("my_tasks_exact_match.svg"));
    assertStringIncludes(page, "<td>any</td><td>1</td><td>100.0 %</td>");
    const answered = samplesIn(dir, "my_tasks");
    assertEquals(answered.map(({ doc_id, filter, group, target }) => [doc_id, filter, group, target]), [
      [0, "base", "加", "答案是 2。"],
      [0, "adapter", "加", "答案是 2。"],
      [1, "base", "加", "答案是 4。 | 4"],
      [1, "adapter", "加", "答案是 4。 | 4"],
      [2, "base", "any", "/[\\s\\S]?/"],
      [2, "adapter", "any", "/[\\s\\S]?/"],
    ]);
    const [name] = [...Deno.readDirSync(dir)].map(({ name }) => name).filter((name) =>
      /^results_\d{4}-.*\.json$/.test(name)
    );
    const harness = JSON.parse(await read(name ?? ""));
    assertEquals(harness.results["my_tasks"]["exact_match,adapter"], exact.after.value);
    assertEquals(harness.results["my_tasks"]["exact_match_stderr,base"], exact.before.stderr);
    assertEquals(harness.results["my_tasks_any"]["exact_match,base"], 1);
    assertEquals(harness.group_subtasks["my_tasks"], ["my_tasks_加", "my_tasks_any"]);
    assertEquals(harness.results.validation["eval_loss,base"], before.eval_loss);
    assertEquals(harness["n-samples"]["my_tasks_加"], { original: 2, effective: 2 });
  });
});

Deno.test("evaluate measures a base alone on tasks alone; another item is another result, a moved file is the same", async () => {
  await withFolder(async (folder) => {
    const evaluated = async (rows: unknown[], name: string) => {
      const path = writeRows(folder, name, rows);
      const build = () => ({
        report: evaluate({ base: small(folder, {}).base, tasks: [answerTask(path, { name: "t" })] }),
      });
      const ends: string[] = [];
      const { targets } = await run(folder, build, (event) => {
        if (event.type === "stage-end" && event.stage === "evaluate") ends.push(event.status);
      });
      return { ends, report: targets.report };
    };
    const first = await evaluated(questions, "a.jsonl");
    assertEquals([first.ends, first.report.meta.evalLossBefore], [["ran"], undefined]);
    assertEquals(first.report.meta.tasks?.["t"]?.["exact_match"], { before: 1 / 3 });
    const text = await Deno.readTextFile(join(first.report.dir, "report.md"));
    assert(!text.includes("after 训练后") && !text.includes("loss"), text);
    assertEquals((await evaluated(questions, "b.jsonl")).ends, ["cached"]);
    assertEquals((await evaluated([...questions, questions[2]], "a.jsonl")).ends, ["ran"]);
  });
});

Deno.test("evaluate refuses what cannot be measured before it loads anything, and wrong wiring does not compile", async () => {
  await withFolder(async (folder) => {
    const { base, tokens } = small(folder, {});
    const task = answerTask(writeRows(folder, "q.jsonl", questions));
    await assertRejects(() => run(folder, () => ({ report: evaluate({ base }) })), Error, "neither");
    await assertRejects(
      () => run(folder, () => ({ report: evaluate({ base, tasks: [task, task] }) })),
      Error,
      "two tasks are named q",
    );
    const bad = answerTask(writeRows(folder, "bad.jsonl", [{ instruction: "x" }]));
    await assertRejects(() => run(folder, () => ({ report: evaluate({ base, tasks: [bad] }) })), Error, "bad.jsonl:1");
    assertThrows(() => answerTask("q.jsonl", { name: "a/b" }), Error, "letters, digits");
    assertThrows(() => answerTask("q.jsonl", { maxNewTokens: 0 }), Error, "maxNewTokens");
    // @ts-expect-error a task is not a data set
    assertThrows(() => merge({ sources: [task] }), Error, "wants rows");
    // @ts-expect-error rows to train on are not a task
    assertThrows(() => evaluate({ base, tasks: [belle("b.jsonl")] }), Error, "wants evaluation task");
    // @ts-expect-error an adapter is wanted, not a base
    assertThrows(() => evaluate({ base, tokens, adapter: base }), Error, "wants adapter");
  });
});
