// The task as a person runs it, on the machine's own device, with few steps.
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { endedWithChildren, inFolder, repository, runDeno } from "./children.ts";

const task = join(repository, "tasks/card_report.ts");

Deno.test({
  name: "card-report that is ended ends what it has started, and writes nothing",
  ignore: Deno.build.os !== "linux",
  fn: () =>
    inFolder(async (folder) => {
      await endedWithChildren(["run", "-A", task], { INIT_CWD: folder });
      assertEquals([...Deno.readDirSync(folder)], []);
    }),
});

Deno.test("card-report writes a Markdown and a JSON file about this device, with no name and no path in them", () =>
  inFolder(async (folder) => {
    const args = ["--only", "doctor", "--only", "quickstart", "--steps", "2"];
    const { code, stdout, stderr } = await runDeno(["run", "-A", task, ...args], { INIT_CWD: folder });
    assertEquals(code, 0, stderr);
    assertStringIncludes(stderr, "[6/7] steps of the quickstart (at most ");
    assertStringIncludes(stdout, "was sent nowhere");

    const files = [...Deno.readDirSync(join(folder, "card-report"))].map(({ name }) => name).sort();
    assertEquals(files.map((name) => name.replace(/^card-report-[-\dT]+/, "")), [".json", ".md"]);
    const [json, markdown] = files.map((name) => Deno.readTextFileSync(join(folder, "card-report", name)));
    const report = JSON.parse(json!);
    assertEquals(report.doctor.healthy, true);
    assert(report.doctor.checks.length >= 5);
    assertEquals(report.quickstart.steps, 2);
    assertMatch(report.quickstart.digest, /^[0-9a-f]{64}$/);
    assertEquals(report.parts.map(({ end }: { end: string }) => end).filter((end: string) => end === "done").length, 2);
    for (const told of [report.doctor.device.description, report.quickstart.digest, "| tests | skipped |"]) {
      assertStringIncludes(markdown!, told);
    }
    for (const text of [json!, markdown!]) {
      for (const secret of [folder, repository]) assertEquals(text.includes(secret), false, secret);
      // As a word of its own: a short name may well be part of others.
      assertEquals(text.split(/[^\p{L}\p{N}]+/u).includes(Deno.hostname()), false, text);
      assertEquals(/(^|[\s"'(])\/\w/m.test(text), false, text);
    }
  }));
