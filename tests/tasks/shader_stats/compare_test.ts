import { assertEquals, assertRejects } from "@std/assert";
import { compareReports } from "../../../tasks/shader_stats/compare.ts";
import { statsWords } from "../../../tasks/shader_stats/messages.ts";
import { readReport } from "../../../tasks/shader_stats/read_report.ts";
import { differenceTable, targetTable } from "../../../tasks/shader_stats/tables.ts";
import { UsageError } from "../../../tasks/cli/usage_error.ts";
import { kernel, reportOf } from "./sample_report.ts";

const loop = { instructions: 340, multiplyAdds: 256, share: 0.752, sharedLoads: 1 / 16 };
const before = {
  digest: "a",
  targets: [reportOf(kernel("same"), kernel("attention", { spilledVector: 9 }), kernel("gone"))],
};
const now = { digest: "b", targets: [reportOf(kernel("same"), kernel("attention", { loop }), kernel("new"))] };

Deno.test("compareReports() gives kernels that differ, with what differs, and those that only one run has", () => {
  const target = "navi21";
  assertEquals(compareReports(before, now), [
    {
      target,
      kernel: "attention",
      changes: [
        { figure: "spilled", before: 9, now: 0 },
        { figure: "loop", before: null, now: 340 },
        { figure: "share", before: null, now: 75 },
      ],
    },
    { target, kernel: "new", only: "now", changes: [] },
    { target, kernel: "gone", only: "before", changes: [] },
  ]);
  assertEquals(compareReports({ digest: "", targets: [] }, now), []);
  assertEquals(compareReports(now, now), []);
});

/** The cells of the row that begins so. */
function cells(table: string, first: string): string[] {
  const line = table.split("\n").find((line) => line.includes(`│ ${first} `))!;
  return line.split("│").slice(1, -1).map((cell) => cell.trim());
}

Deno.test("targetTable() has a row for each kernel, and says how many spill", () => {
  const words = statsWords("en");
  const table = targetTable(
    reportOf(kernel("attention", { spilledVector: 9, scratchBytes: 64, loop: { ...loop, spills: 4 } }), kernel("rope")),
    words,
  );
  assertEquals(cells(table, "attention"), [
    ...["attention", "64", "32 / 128", "9 (4)", "64", "0", "16", "100", "340", "75 %", "0 + 0.063", "1000", "200"],
  ]);
  assertEquals(cells(table, "rope").slice(8, 11), ["", "", ""]);
  assertEquals(table.split("\n").at(-1), words.spilling("navi21", 1, 2));
});

Deno.test("differenceTable() names what changed in both languages", () => {
  const differences = compareReports(before, now);
  assertEquals(
    cells(differenceTable(differences, statsWords("en")), "navi21")[2],
    "spilled 9 → 0, loop  → 340, multiply-adds %  → 75",
  );
  assertEquals(cells(differenceTable(differences.slice(1), statsWords("zh")), "navi21"), ["navi21", "new", "新增"]);
  assertEquals(differenceTable([], statsWords("en")), "No kernel differs.");
});

Deno.test("readReport() reads what was printed, and says where a file is not that", async () => {
  const file = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(file, JSON.stringify({ ...now, differences: [] }));
    assertEquals(await readReport(file), now);
    await Deno.writeTextFile(file, JSON.stringify({ digest: "a", targets: [{ target: "navi21" }] }));
    await assertRejects(() => readReport(file), UsageError, "targets.0.card");
    await Deno.writeTextFile(file, "no JSON");
    await assertRejects(() => readReport(file), UsageError, "wanted JSON");
  } finally {
    await Deno.remove(file);
  }
  await assertRejects(() => readReport(file), UsageError, `cannot compare with ${file}`);
});
