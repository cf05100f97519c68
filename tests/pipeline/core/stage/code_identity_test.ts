import { assertEquals, assertRejects } from "@std/assert";
import { join, toFileUrl } from "@std/path";
import { describeModule, identifyCode } from "../../../../pipeline/core/stage/code_identity.ts";
import { describeChange, diffRecords } from "../../../../pipeline/core/explain.ts";
import { defineStage, PipelineError } from "../../../../pipeline/core/mod.ts";
import type { CodeRecord } from "../../../../pipeline/core/record.ts";
import { lines, text, Workbench } from "../helpers.ts";

const STAGE = `
import { defineStage, z } from "vicuna";
import { help } from "./lib/help.ts";
import type { Row } from "./types.ts";
import template from "./template.txt" with { type: "text" };
export const stage = { defineStage, z, help, template } as unknown as Row;
export const later = () => import("./later.ts");
`;

async function writeStage(bench: Workbench, folder: string): Promise<string> {
  await bench.write(`${folder}/lib/help.ts`, 'export { deeper as help } from "../../shared/deeper.ts";');
  await bench.write("shared/deeper.ts", "export const deeper = 1;");
  await bench.write(`${folder}/types.ts`, "export interface Row { a: 1 }");
  await bench.write(`${folder}/template.txt`, "### 指令");
  await bench.write(`${folder}/later.ts`, "export {};");
  return toFileUrl(await bench.write(`${folder}/stage.ts`, STAGE)).href;
}

function changes(before: CodeRecord, after: CodeRecord): string[] {
  const record = { format: 1 as const, stage: "s", params: {}, inputs: {} };
  return diffRecords({ ...record, code: before }, { ...record, code: after }).map(describeChange);
}

Deno.test("describeModule() lists the local modules and texts that run, and the versions of packages", async () => {
  await using bench = new Workbench();
  const { files, packages } = await describeModule(await writeStage(bench, "mine")) as {
    files: Record<string, string>;
    packages: string[];
  };
  assertEquals(Object.keys(files).sort(), [
    "../shared/deeper.ts",
    "later.ts",
    "lib/help.ts",
    "stage.ts",
    "template.txt",
  ]);
  assertEquals(packages.map((name) => name.replace(/@.*/, "")), ["vicuna"]);
});

Deno.test("describeModule() names an edited helper or text, and heeds neither touching nor moving nor types", async () => {
  await using bench = new Workbench();
  const url = await writeStage(bench, "mine");
  const before = await describeModule(url);
  await Deno.utime(join(bench.dir, "mine/lib/help.ts"), 1, 1);
  await bench.write("mine/types.ts", "export interface Row { a: 2 }");
  await bench.write("mine/unrelated.ts", "export {};");
  assertEquals(await describeModule(url), before);
  await Deno.mkdir(join(bench.dir, "checkout"));
  for (const name of ["mine", "shared"]) await Deno.rename(join(bench.dir, name), join(bench.dir, "checkout", name));
  const moved = toFileUrl(join(bench.dir, "checkout/mine/stage.ts")).href;
  assertEquals(await describeModule(moved), before);
  await bench.write("checkout/shared/deeper.ts", "export const deeper = 2;");
  await bench.write("checkout/mine/template.txt", "### instruction");
  assertEquals(changes(before, await describeModule(moved)).sort(), [
    "../shared/deeper.ts changed",
    "template.txt changed",
  ]);
});

Deno.test("describeModule() counts a module imported on demand that is absent, and its appearance", async () => {
  await using bench = new Workbench();
  const url = toFileUrl(await bench.write("stage.ts", 'export const a = () => import("./plugin.ts");')).href;
  const before = await describeModule(url);
  assertEquals(before.files["plugin.ts"], "absent");
  await bench.write("plugin.ts", "export {};");
  assertEquals(changes(before, await describeModule(url)), ["plugin.ts changed"]);
});

Deno.test("describeModule() says which module cannot be found", async () => {
  await using bench = new Workbench();
  const missing = toFileUrl(await bench.write("a.ts", 'import "./none.ts";')).href;
  await assertRejects(() => describeModule(missing), PipelineError, "none.ts");
  const unmapped = toFileUrl(await bench.write("b.ts", 'import "nowhere";')).href;
  await assertRejects(() => describeModule(unmapped), PipelineError, "nowhere");
});

Deno.test("describeModule() uses the configuration of the user's folder where ours leaves a name open", async () => {
  await using bench = new Workbench();
  await bench.write("deno.json", JSON.stringify({ imports: { "~/": "./lib/" } }));
  await bench.write("lib/help.ts", "export {};");
  const url = toFileUrl(await bench.write("stage.ts", 'import "~/help.ts";')).href;
  assertEquals(Object.keys((await describeModule(url)).files).sort(), ["lib/help.ts", "stage.ts"]);
});

Deno.test("identifyCode() identifies our own stages by their version alone", async () => {
  const stage = defineStage({ name: "s", version: 7, inputs: { lines }, output: text, run: () => ({ length: 0 }) });
  assertEquals(await identifyCode(stage.spec.code), { version: 7 });
});

Deno.test("a stage of this package's tests is identified by its own modules, not by the package", async () => {
  const { files, packages } = await describeModule(import.meta.url) as {
    files: Record<string, string>;
    packages: string[];
  };
  assertEquals(Object.keys(files).sort(), ["../helpers.ts", "code_identity_test.ts"]);
  // Not the version of the program: with it in their keys, the results of users' stages would be lost at every release.
  assertEquals(packages.filter((name) => name.startsWith("vicuna")), ["vicuna@0.1.0"]);
});
