// That wiring which does not fit does not compile: the types of stage.ts, kind.ts and input_refs.ts.
import { assert, assertThrows } from "@std/assert";
import { z } from "zod";
import {
  defineStage,
  inputFile,
  type Kind,
  kind,
  list,
  optional,
  optionalList,
  type Ref,
  type Stage,
} from "../../../pipeline/core/mod.ts";

interface RowsMeta {
  format: "alpaca" | "belle";
}
interface VocabularyMeta {
  size: number;
}
interface BaseMeta {
  bits: number;
  vocabulary: VocabularyMeta;
}
interface CountParams {
  least?: number;
  order: "up" | "down";
}

const rows: Kind<"rows", RowsMeta> = kind<RowsMeta>()("rows");
const vocabulary = kind<VocabularyMeta>()("vocabulary");
const base = kind<BaseMeta>()("base", { vocabulary });
const counts = kind<{ rows: number }>()("counts");

// The explicit type of an exported stage is checked against its definition.
const count: Stage<
  { sources: ReturnType<typeof list<typeof rows>>; words: typeof vocabulary },
  CountParams,
  typeof counts
> = defineStage({
  name: "count",
  version: 1,
  inputs: { sources: list(rows), words: vocabulary },
  params: z.object({ least: z.number().default(1), order: z.enum(["up", "down"]) }),
  output: counts,
  run({ inputs, params }) {
    const format: "alpaca" | "belle" | undefined = inputs.sources[0]?.meta.format;
    const least: number = params.least;
    return { rows: inputs.words.meta.size + least + (format === "belle" ? 1 : 0) };
  },
});

const build = defineStage({
  name: "build",
  version: 1,
  inputs: { rows: optional(rows) },
  output: base,
  run({ inputs }) {
    // @ts-expect-error an optional input may be absent
    inputs.rows?.meta.format.length + inputs.rows.meta.format.length;
    return { bits: 8, vocabulary: { size: 3 } };
  },
});

const compare = defineStage({
  name: "compare",
  version: 1,
  inputs: { words: vocabulary, others: optionalList(rows) },
  output: counts,
  run: ({ inputs }) => ({ rows: inputs.others.map(({ meta }) => meta.format).length }),
});

const file: Ref<typeof rows> = inputFile(rows, "rows.json", { format: "alpaca" });

Deno.test("types: a wiring that fits compiles", () => {
  const b = build({ rows: file });
  const result: Ref<typeof counts> = count({ sources: [file], words: b.vocabulary, order: "up" });
  assert(result !== undefined);
  assert(build({}) !== undefined);
  const { vocabulary: words } = b;
  assert(compare({ words }) !== undefined && compare({ words, others: [file, file] }) !== undefined);
});

Deno.test("types: a wiring that does not fit neither compiles nor runs", () => {
  const b = build({});
  // @ts-expect-error the whole is not its part
  assertThrows(() => count({ sources: [file], words: b, order: "up" }), Error, "wants vocabulary, found base");
  // @ts-expect-error a list is wanted
  assertThrows(() => count({ sources: file, words: b.vocabulary, order: "up" }), Error, "wants an array");
  // @ts-expect-error an input is missing
  assertThrows(() => count({ words: b.vocabulary, order: "up" }), Error, "sources");
  // @ts-expect-error a list that may be left out takes its kind only
  assertThrows(() => compare({ words: b.vocabulary, others: [b] }), Error, "wants rows, found base");
  // @ts-expect-error a param of the wrong type
  assertThrows(() => count({ sources: [], words: b.vocabulary, order: "up", least: "1" }), Error, "least");
  // @ts-expect-error a param without default is missing
  assertThrows(() => count({ sources: [], words: b.vocabulary }), Error, "order");
  // @ts-expect-error an unknown param
  assertThrows(() => count({ sources: [], words: b.vocabulary, order: "up", leest: 1 }), Error, "did you mean least?");
  // @ts-expect-error a part that the kind does not have
  assert(file.vocabulary === undefined);
  // @ts-expect-error a meta of the wrong type
  assert(inputFile(rows, "x", { format: "csv" }) !== undefined);
});

Deno.test("types: a definition that contradicts itself does not compile", () => {
  // @ts-expect-error the meta of the whole lacks the meta of the part
  assert(kind<{ bits: number }>()("base", { vocabulary }) !== undefined);
  assertThrows(
    // @ts-expect-error neither version nor module
    () => defineStage({ name: "x", inputs: {}, output: counts, run: () => ({ rows: 1 }) }),
    TypeError,
    "version",
  );
  // @ts-expect-error run returns another meta
  defineStage({ name: "x", version: 1, inputs: {}, output: counts, run: () => ({ lines: 1 }) });
});
