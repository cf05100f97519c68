import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { lossChart, sparkline } from "../../../pipeline/stages/curve.ts";

Deno.test("sparkline() goes from the highest bar to the lowest as the loss falls, and averages long curves", () => {
  assertEquals(sparkline([3, 2, 1]), "█▅▁");
  assertEquals([...sparkline(Array.from({ length: 400 }, (_, i) => 400 - i))].length, 40);
  assertEquals(sparkline([2, 2]), "▁▁");
});

Deno.test("lossChart() draws every point inside the picture, also for one step or equal losses", () => {
  const many = Array.from({ length: 50 }, (_, i) => ({ step: i + 1, value: 5 - i / 20 }));
  for (const points of [many, [{ step: 1, value: 2 }], [{ step: 1, value: 2 }, { step: 2, value: 2 }]]) {
    const svg = lossChart(points, points.slice(-1));
    assertMatch(svg, /^<svg xmlns/);
    assert(!svg.includes("NaN") && !svg.includes("Infinity"), svg);
    const line = svg.match(/polyline[^>]*points="([^"]*)"/)?.[1]?.split(" ") ?? [];
    assertEquals(line.length, points.length > 1 ? points.length : 0);
    for (const point of line) {
      const [x, y] = point.split(",").map(Number) as [number, number];
      assert(x >= 0 && x <= 720 && y >= 0 && y <= 400, point);
    }
  }
});

Deno.test("lossChart() bears a million points, and draws the lowest and the highest of each stretch", () => {
  const points = Array.from(
    { length: 1_000_000 },
    (_, i) => ({ step: i + 1, value: i === 777_777 ? 9 : 2 + i % 7 / 7 }),
  );
  const svg = lossChart(points, points.slice(0, 300_000));
  assert(svg.length < 300_000, `${svg.length} characters`);
  assertStringIncludes(svg, ">8<");
  assert(!svg.includes("NaN") && !svg.includes("Infinity"));
});
