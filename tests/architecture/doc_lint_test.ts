// Which faults of the public API's documentation count (doc_lint.ts).
import { assertEquals } from "@std/assert";
import { faultsOf } from "./doc_lint.ts";

const fault = (name: string, declared: string) =>
  `error[private-type-ref]: public type 'TrainParams' references private type '${name}'\n  --> train.ts:9:1\n   | \n` +
  ` 9 | export type TrainParams = z.input<typeof ${name}>;\n   | ^\n   = hint: make the referenced type public\n   | \n` +
  `58 | ${declared}\n   |       - this is the referenced type\n   | \n\n`;

Deno.test("faultsOf() passes over schemas that types are inferred from, and over nothing else", () => {
  const schema = fault("params", "export const params = z.strictObject({ rank: z.number() });");
  const type = fault("Inner", "interface Inner {");
  const undocumented = "error[missing-jsdoc]: exported symbol is missing JSDoc documentation\n  --> mod.ts:3:1\n";
  assertEquals(faultsOf(`Checked 1 file\n${schema}`), []);
  assertEquals(faultsOf(schema + type + undocumented), [type, undocumented]);
});
