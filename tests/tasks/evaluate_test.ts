import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { belleRows, inFolder, quickTraining, runTask, statusesOf, writeInputs } from "./children.ts";

/** Items of two kinds, two questions of BELLE's, and C-Eval's law. */
async function writeTasks(folder: string): Promise<string[]> {
  const lines = (rows: readonly unknown[]) => rows.map((row) => `${JSON.stringify(row)}\n`).join("");
  const items = belleRows.slice(0, 4).map((row, i) => ({ ...row, kind: i < 2 ? "小" : "大" }));
  await Deno.writeTextFile(join(folder, "sums.jsonl"), lines(items));
  const questions = [
    { question: "算1加1", std_answer: "是2", class: "math" },
    { question: "说说", std_answer: "", class: "open\u00a0QA" },
  ];
  await Deno.writeTextFile(join(folder, "eval_set.json"), lines(questions));
  await Deno.mkdir(join(folder, "exams/val"), { recursive: true });
  const csv = "id,question,A,B,C,D,answer\n0,算,1,2,3,4,B\n1,加,1,2,3,4,C\n";
  await Deno.writeTextFile(join(folder, "exams/val/law_val.csv"), csv);
  return ["answers:sums.jsonl", "belle:eval_set.json", "ceval:exams"].flatMap((task) => ["--tasks", task]);
}

const reply = { model: "judge-7", choices: [{ index: 0, message: { role: "assistant", content: "得分:0.25" } }] };

Deno.test("evaluate compares an adapter with its base on tasks and on the rows that its training held out, and judges", () =>
  inFolder(async (folder) => {
    await writeInputs(folder);
    const trained = await runTask("train", folder, [...quickTraining, "--samples", "0", "--output-path", "adapter"]);
    assertEquals([trained.code, trained.stderr], [0, ""]);
    const before = JSON.parse(await Deno.readTextFile(join(folder, "adapter/results.json")));

    const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, () => Response.json(reply));
    const args = [
      ...["--base-model", "model", "--lora-path", "adapter", ...await writeTasks(folder)],
      ...["--data", "belle:belle.jsonl", "--data", "alpaca.json", "--validation", "4", "--max-tokens", "96"],
      ...["--max-new-tokens", "4", "--shots", "0", "--samples", "1", "--output-path", "out"],
      ...["--judge", "some-judge", "--judge-url", `http://127.0.0.1:${server.addr.port}/v1`],
    ];
    try {
      const outcome = await runTask("evaluate", folder, args);
      assertEquals([outcome.code, outcome.stderr], [0, ""]);
      assertMatch(outcome.stdout, /sums: exact_match .* -> .* on 4 items/);
      assertStringIncludes(outcome.stdout, "belle: score 25.0 % -> 25.0 % on 2 questions, by some-judge");
      const again = await runTask("evaluate", folder, [...args, "--json"]);
      assertEquals(new Set(Object.values(statusesOf(again))), new Set(["cached"]));
    } finally {
      await server.shutdown();
    }

    const read = async (name: string) => JSON.parse(await Deno.readTextFile(join(folder, "out", name)));
    const results = await read("results.json");
    // The same rows were held out: the loss is the one that the training's own evaluation found.
    assertEquals(results.after.eval_loss, before.after.eval_loss);
    assertEquals(results.tasks.map(({ name, count }: { name: string; count: number }) => [name, count]), [
      ["sums", 4],
      ["belle", 2],
      ["ceval", 2],
    ]);
    const report = await Deno.readTextFile(join(folder, "out/report.md"));
    assertStringIncludes(report, "Adapter 适配器: a folder, nothing known of its training");
    assertEquals((await read("judgement_belle.json")).judge.answered_by, ["judge-7"]);
    const names = [...Deno.readDirSync(join(folder, "out"))].map(({ name }) => name);
    for (const name of ["report.html", "report.md", "answers_belle_adapter.jsonl", "judgement_belle.html"]) {
      assert(names.includes(name), `${name} is missing in ${names}`);
    }
    for (const task of ["sums", "belle", "ceval"]) {
      assert(names.some((name) => name.startsWith(`samples_${task}_`)), `samples of ${task} are missing`);
    }
  }));

Deno.test("evaluate says what is wrong with a command line before it computes anything", () =>
  inFolder(async (folder) => {
    await writeInputs(folder);
    const cases: [string[], string][] = [
      [[], "wanted --tasks or --data"],
      [["--base-model", "model", "--tasks", "mmlu:x"], 'task "mmlu:x": wanted answers:PATH, ceval:PATH'],
      [["--base-model", "model", "--tasks", "answers:none.jsonl"], "none.jsonl"],
      [["--base-model", "model", "--tasks", "answers:belle.jsonl", "--judge", "x"], "there is none"],
    ];
    for (const [args, message] of cases) {
      const { code, stderr, stdout } = await runTask("evaluate", folder, args);
      assertEquals(code, 1, stdout);
      assertStringIncludes(stderr, message);
      assert(!stdout.includes("✓ quantize"), stdout);
    }
  }));

Deno.test("evaluate without a base measures the one that comes with the project", () =>
  inFolder(async (folder) => {
    const item = { instruction: "猫", input: "", answer: "cat" };
    await Deno.writeTextFile(join(folder, "words.jsonl"), `${JSON.stringify(item)}\n`);
    const args = ["--tasks", "answers:words.jsonl", "--max-new-tokens", "2", "--output-path", "out"];
    const { code, stderr } = await runTask("evaluate", folder, args);
    assertEquals([code, stderr], [0, ""]);
    assertStringIncludes(await Deno.readTextFile(join(folder, "out/report.md")), "vicuna-tiny");
  }));

Deno.test("evaluate --help is there in both languages", async () => {
  await inFolder(async (folder) => {
    const english = await runTask("evaluate", folder, ["--help"]);
    const chinese = await runTask("evaluate", folder, ["--help", "--lang", "zh"]);
    assertStringIncludes(english.stdout, "compares an adapter with it");
    assertStringIncludes(chinese.stdout, "要与基座对比的适配器文件夹");
    assert(!english.stdout.includes("default: ;") && !english.stdout.includes("NAME|FILE"), english.stdout);
  });
});
