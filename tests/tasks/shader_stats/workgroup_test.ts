import { assertEquals } from "@std/assert";
import { occupancyOf } from "../../../tasks/shader_stats/occupancy.ts";
import { workgroupBytes, workgroupThreads } from "../../../tasks/shader_stats/workgroup.ts";

const code = `
var<workgroup> tile: array<array<vec4f, 16>, 2>;
var<workgroup> sums : array<f32, 65u>;
var<workgroup> most: vec3f;
@compute @workgroup_size(8, 8)
fn main() {}
`;

Deno.test("workgroupBytes() adds up arrays of arrays and single values", () => {
  assertEquals(workgroupBytes(code), 2 * 16 * 16 + 65 * 4 + 16);
  assertEquals(workgroupBytes("@compute @workgroup_size(64) fn main() {}"), 0);
});

Deno.test("workgroupThreads() multiplies what is written", () => {
  assertEquals(workgroupThreads(code), 64);
  assertEquals(workgroupThreads("@compute @workgroup_size(32u, 1, 4) fn main() {}"), 128);
});

Deno.test("occupancyOf() is bound by registers, by shared memory, by subgroups, by workgroups", () => {
  const unit = { registers: 65536, subgroups: 32, workgroups: 16, sharedBytes: 65536 };
  assertEquals(occupancyOf(unit, 169, 0, code), 10); // 176 · 64 registers a workgroup: five of them
  assertEquals(occupancyOf(unit, 32, 20000, code), 6);
  assertEquals(occupancyOf(unit, 32, 0, code), 32);
  assertEquals(occupancyOf(unit, 32, 0, "@workgroup_size(32)"), 16);
});
