// What a call of a stage may be given: stage_arguments.ts, by way of defineStage().
import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import {
  defineStage,
  inputFile,
  inputFolder,
  type JsonObject,
  kind,
  PipelineError,
  StageArgumentError,
  z,
} from "../../../pipeline/core/mod.ts";
import { joinStage, lines, text } from "./helpers.ts";

const join = joinStage([]);
const source = inputFile(lines, "a.txt", { language: "zh" });

/** Calls a stage as code without types would. */
function call(args: unknown): () => unknown {
  return () => (join as unknown as (args: unknown) => unknown)(args);
}

Deno.test("a stage refuses an unknown argument, also inside a nested one, and suggests the nearest", () => {
  assertThrows(call({ sources: [source], seperator: ";" }), StageArgumentError, "seperator: did you mean separator?");
  assertThrows(
    call({ sources: [source], trim: { lefft: true } }),
    StageArgumentError,
    "trim.lefft: did you mean trim.left?",
  );
});

Deno.test("a stage refuses arguments of the wrong type and says where", () => {
  assertThrows(call({ sources: [source], seed: "1" }), StageArgumentError, "seed");
  assertThrows(call({ sources: [source], seed: NaN }), StageArgumentError, "seed");
  assertThrows(call({ sources: [1] }), StageArgumentError, "input sources[0] wants");
  assertThrows(call({}), StageArgumentError, "input sources wants an array of lines, found nothing");
  assertThrows(call(undefined), StageArgumentError, "wanted one object");
});

Deno.test("the error of a wrong argument points to the line of the pipeline that is at fault", () => {
  const error = assertThrows(call({ sources: [], sead: 1 }), StageArgumentError);
  assertMatch(error.message, /at .*arguments_test\.ts:\d+:\d+$/);
});

Deno.test("a stage refuses params that are not plain JSON", () => {
  const loose = defineStage({
    name: "loose",
    version: 1,
    inputs: {},
    params: z.object({ value: z.any() }),
    output: text,
    run: () => ({ length: 0 }),
  });
  const cycle: { self?: unknown } = {};
  cycle.self = cycle;
  for (
    const [value, says] of [
      [() => 1, "found a function"],
      [{ a: [1, NaN] }, "value.a[1] must be plain JSON (it enters the key), found NaN"],
      [[undefined], "value[0] must be plain JSON (it enters the key), found undefined"],
      [new Date(0), "found an instance of Date"],
      [10n, "found a bigint"],
      [cycle, "found a reference to itself"],
    ] as const
  ) assertThrows(() => loose({ value }), StageArgumentError, says);
  assert(loose({ value: { a: [1, "二", null, true] } }) !== undefined);
});

Deno.test("defineStage() refuses a definition that contradicts itself", () => {
  const rest = { inputs: { a: lines }, output: text, run: () => ({ length: 0 }) };
  assertThrows(() => defineStage({ name: "a/b", version: 1, ...rest }), TypeError, "letters, digits");
  assertThrows(() => defineStage({ name: "ab", version: 0, ...rest }), TypeError, "whole number from 1");
  assertThrows(() => defineStage({ name: "ab", module: "./a.ts", ...rest }), TypeError, "import.meta.url");
  assertThrows(
    () => defineStage({ name: "ab", version: 1, params: z.object({ a: z.string() }), ...rest }),
    TypeError,
    "a is declared in inputs and in params",
  );
});

Deno.test("an input's meta must be plain JSON", () => {
  const numbers = kind<{ value: number }>()("numbers");
  assertThrows(() => inputFile(numbers, "a", { value: NaN }), PipelineError, "meta.value is NaN");
  assertThrows(() => inputFolder(numbers, "a", { meta: { value: Infinity } }), PipelineError, "meta.value is Infinity");
  const meta: JsonObject = { value: 1 };
  assertEquals(Object.keys(inputFile(numbers, "a", meta as { value: number })), []);
});
