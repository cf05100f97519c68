import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { lossChart, smoothed, sparkline } from "../../../../pipeline/stages/training/curve.ts";

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
  assertStringIncludes(svg, "<title>step 步 1000000, loss 损失 2, smoothed 平滑 2.4");
  assert(!svg.includes("NaN") && !svg.includes("Infinity"));
});

Deno.test("smoothed() keeps to the curve, its beginning too, without the jitter", () => {
  const points = Array.from({ length: 400 }, (_, i) => ({ step: i + 1, value: 5 - i / 100 + (i % 2 ? 0.5 : -0.5) }));
  const smooth = smoothed(points);
  assertEquals(smooth[0], points[0]);
  assertEquals(smooth.map(({ step }) => step), points.map(({ step }) => step));
  for (const { step, value } of smooth.slice(20)) assert(Math.abs(value - (5 - step / 100)) < 0.2, `${step}: ${value}`);
  assertEquals(smoothed(points.slice(0, 9)), [], "few points need none");
});

Deno.test("lossChart() draws the smoothed curve over the raw one, tells values, and obeys dark mode and the reader's language", () => {
  const points = Array.from({ length: 500 }, (_, i) => ({ step: i + 1, value: 5 - i / 125 }));
  const svg = lossChart(points, [{ step: 250, value: 3.25 }]);
  assertEquals([...svg.matchAll(/<polyline class="([^"]*)"/g)].map(([, classes]) => classes), [
    "line one raw",
    "line one",
  ]);
  const hints = [...svg.matchAll(/<title>([^<]*)</g)].map(([, text]) => text ?? "");
  assertEquals(hints.length, 167 + 1);
  assertMatch(hints[166]!, /^step 步 500, loss 损失 1\.008, smoothed 平滑 1\.1\d*$/);
  assertEquals(hints.at(-1), "step 步 250, validation loss 验证损失 3.25");
  assertStringIncludes(svg, "@media (prefers-color-scheme: dark)");
  assertMatch(
    svg,
    /<switch><text systemLanguage="zh, [^>]*>■ 训练损失 5 → 1\.008<\/text><text [^>]*>■ training loss 5 →/,
  );
});
