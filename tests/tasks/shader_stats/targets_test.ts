import { assertEquals, assertThrows } from "@std/assert";
import { chooseTargets, type Target } from "../../../tasks/shader_stats/targets.ts";
import { UsageError } from "../../../tasks/cli/usage_error.ts";

const target = (name: string, missing?: string): Target => ({
  name,
  card: name,
  compiler: "aco",
  env: {},
  ...(missing !== undefined && { missing }),
});
const [old, away] = [target("old"), target("away", "not unpacked")];

function chosen(names: string[] | undefined, all: boolean, system = [old], unpacked = [away]) {
  const { chosen, missing } = chooseTargets(names, all, system, unpacked);
  return [chosen.map(({ name }) => name), missing.map(({ name }) => name)];
}

Deno.test("chooseTargets() takes those of the system's driver, or all that are there", () => {
  assertEquals(chosen(undefined, false), [["old"], []]);
  assertEquals(chosen(undefined, true), [["old"], ["away"]]);
  assertEquals(chosen(["new"], false, [old], [target("new")]), [["new"], []]);
});

Deno.test("chooseTargets() says why a target that was named, or every one, is not to be had", () => {
  assertThrows(() => chosen(["old", "away"], false), UsageError, "away: not unpacked");
  assertThrows(() => chosen(undefined, false, [away]), UsageError, "away: not unpacked");
});
