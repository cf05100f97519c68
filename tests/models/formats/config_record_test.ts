import { assertEquals, assertThrows } from "@std/assert";
import { FAMILY_NAMES } from "../../../models/families.ts";
import { readConfig } from "../../../models/formats/config.ts";
import { configOfRecord, type ConfigRecord, configRecord } from "../../../models/formats/config_record.ts";
import { FormatError } from "../../../models/formats/error.ts";
import { goldenFolder } from "../golden_base.ts";

const config = await readConfig(`${goldenFolder}plain`);

Deno.test("a recorded network is read as what it was, whatever its family", () => {
  for (const family of FAMILY_NAMES) assertEquals(configOfRecord(configRecord({ ...config, family })).family, family);
  assertEquals(configOfRecord(JSON.parse(JSON.stringify(configRecord(config)))), config);
});

Deno.test("records of LLaMA, Qwen2 and Qwen3 are those that there were before the field for the family", () => {
  const { family: _, ...shape } = config;
  const before = { llama: {}, qwen2: { attentionBias: true }, qwen3: { queryKeyNorm: true } } as const;
  for (const [family, marks] of Object.entries(before)) {
    assertEquals(configRecord({ ...config, family: family as keyof typeof before }), { ...shape, ...marks });
  }
});

Deno.test("a record of a family that is not known is refused by name", () => {
  const record = { ...config, family: "gpt9" } as unknown as ConfigRecord;
  assertThrows(() => configOfRecord(record), FormatError, 'of the family "gpt9"; supported: llama');
});
