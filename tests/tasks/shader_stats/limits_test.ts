import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  judge,
  judgedTargets,
  limitsText,
  pinLimits,
  type StatsLimits,
  statsLimits,
} from "../../../tasks/shader_stats/limits.ts";
import { cardInfo } from "../../../tasks/shader_stats/launches/recording_device.ts";
import { shadersOf } from "../../../tasks/shader_stats/launches/shaders.ts";
import { kernel, reportOf } from "./sample_report.ts";

const limitsWith = (lines: StatsLimits["targets"][string]): StatsLimits => ({
  aim: "none",
  version: "Mesa 22.3.6",
  targets: { navi21: lines },
});

/** What is said of one kernel against one line. */
function said(found: Parameters<typeof kernel>[1], line?: StatsLimits["targets"][string][string]) {
  const limits = limitsWith(line ? { attention: line } : {});
  return judge(reportOf(kernel("attention", found)), limits).map(({ fault, figure }) => [fault, figure]);
}

Deno.test("judge() fails a kernel that spills without a line, or more than its line", () => {
  assertEquals(said({}), []);
  assertEquals(said({ spilledVector: 1 }), [["worse", "spills"]]);
  assertEquals(said({ spilledVector: 100, spilledScalar: 5 }, { spills: 104 }), [["worse", "spills"]]);
  assertEquals(said({ scratchBytes: 1025 }, { scratch: 1024 }), [["worse", "scratch"]]);
});

Deno.test("judge() fails a line that is looser than its kernel by more than 5 %", () => {
  assertEquals(said({ spilledVector: 100 }, { spills: 105 }), []);
  assertEquals(said({ spilledVector: 100 }, { spills: 106 }), [["loose", "spills"]]);
  assertEquals(said({}, { scratch: 4 }), [["loose", "scratch"]]);
});

Deno.test("judge() wants a floor for loops that compute, which they keep, and which follows them", () => {
  const loop = (share: number) => ({ share, multiplyAdds: 64 });
  assertEquals(said({ loop: loop(0.5) }), [["missing", "share"]]);
  assertEquals(said({ loop: loop(0.499) }, { share: 0.5 }), [["worse", "share"]]);
  assertEquals(said({ loop: loop(0.52) }, { share: 0.5 }), []);
  assertEquals(said({ loop: loop(0.54) }, { share: 0.5 }), [["loose", "share"]]);
  assertEquals(said({ loop: { share: 0.5, multiplyAdds: 63 } }), []);
  assertEquals(said({}, { share: 0.5 }), [["gone", "share"]]);
});

Deno.test("judge() names lines of kernels that are gone", () => {
  const faults = judge(reportOf(kernel("attention")), limitsWith({ rope: { spills: 3 } }));
  assertEquals(faults, [{ target: "navi21", kernel: "rope", fault: "gone" }]);
});

Deno.test("judgedTargets() leaves out another version of the compiler, and targets without limits", () => {
  const [old, unlimited] = [reportOf(), { ...reportOf(), target: "navi31" }];
  const other = { ...old, version: "Mesa 25.0.7" };
  const { judged, others } = judgedTargets({ digest: "", targets: [old, other, unlimited] }, limitsWith({}));
  assertEquals([judged, others], [[old], [other]]);
});

Deno.test("pinLimits() tightens lines, adds floors, drops what is gone, and never loosens", () => {
  const limits = limitsWith({
    better: { spills: 9, scratch: 64, share: 0.4 },
    worse: { spills: 3, share: 0.6 },
    mended: { spills: 7 },
    gone: { spills: 1 },
  });
  const loop = { share: 0.567, multiplyAdds: 256 };
  const pinned = pinLimits([
    reportOf(
      kernel("better", { spilledVector: 4, scratchBytes: 16, loop }),
      kernel("worse", { spilledVector: 8, loop }),
      kernel("mended"),
      kernel("new", { spilledVector: 5, loop }),
    ),
  ], limits);
  assertEquals(pinned.targets["navi21"], {
    better: { spills: 4, scratch: 16, share: 0.56 },
    worse: { spills: 3, share: 0.6 },
    new: { share: 0.56 },
  });
});

Deno.test("limitsText() writes what is read again", () => {
  const limits = limitsWith({ "attention, heads of 64": { spills: 4, share: 0.56 }, rope: { scratch: 8 } });
  assertEquals(statsLimits.parse(JSON.parse(limitsText(limits))), limits);
  assertThrows(() => statsLimits.parse(JSON.parse(limitsText(limits).replace("spills", "spill"))));
});

Deno.test("every line of limits.json is of a kernel that there is, and there are lines for each target", async () => {
  const file = new URL("../../../tasks/shader_stats/limits.json", import.meta.url);
  const text = await Deno.readTextFile(file);
  const limits = statsLimits.parse(JSON.parse(text));
  assertEquals(text, limitsText(limits));
  const subgroups: Record<string, number> = { navi21: 64, "navi21-plain": 0, vega10: 64 };
  assertEquals(Object.keys(limits.targets), Object.keys(subgroups));
  for (const [target, lines] of Object.entries(limits.targets)) {
    const names = new Set(shadersOf(cardInfo(subgroups[target]!)).map(({ name }) => name));
    assertEquals(Object.keys(lines).filter((name) => !names.has(name)), [], target);
    assert(Object.keys(lines).length > 10, target);
  }
});
