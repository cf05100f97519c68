import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { type Block, html, markdown } from "../../../../pipeline/stages/evaluation/document.ts";
import { barChart } from "../../../../pipeline/stages/evaluation/bars.ts";
import { compare } from "../../../../pipeline/stages/evaluation/statistics.ts";

const nasty = '<script>alert("1")</script> | a*b* `c` [d](e)\n# not a heading\n</blockquote>';

const blocks: Block[] = [
  { type: "heading", level: 2, text: nasty.split("\n")[0]! },
  { type: "table", header: ["x|y", "n"], rows: [[nasty, "1"]] },
  { type: "quote", label: "Answer 回答", text: nasty },
  { type: "quote", label: "None", text: "" },
  { type: "figure", file: "a b.svg", alt: "plot", svg: "<svg></svg>" },
];

Deno.test("a report in Markdown shows what models wrote as they wrote it, and never as markup", () => {
  const text = markdown(blocks);
  assert(!/(^|[^\\])<script/m.test(text), text);
  assert(!text.split("\n").some((line) => line.startsWith("# ")), text);
  const table = text.split("\n").filter((line) => line.startsWith("| "));
  assertEquals(table.length, 3);
  for (const line of table) assertEquals(line.replaceAll("\\|", "").split("|").length, 4, line);
  assertStringIncludes(text, "![plot](a%20b.svg)");
  assertStringIncludes(text, "> (nothing 无)");
});

Deno.test("a report in HTML is one file that escapes texts and holds its plots", () => {
  const page = html("a < b", blocks);
  assertStringIncludes(page, "<title>a &lt; b</title>");
  assert(!page.includes("<script"));
  assertEquals(page.split("</blockquote>").length - 1, 2);
  assertStringIncludes(page, "<figure><svg></svg></figure>");
});

Deno.test("barChart() draws a pair of bars a row and escapes their names", () => {
  const rows = [
    { name: "a<b", ...compare([1, 0, 1, 1], [1, 1, 1, 1]) },
    { name: "一二三四五六七八九十一二三", ...compare([0, 1], [1, 1]) },
  ];
  const svg = barChart("t", rows, 1);
  const bars = [...svg.matchAll(/<rect x="200" y="[\d.]+" width="([\d.]+)"/g)].map(([, width]) => Number(width));
  assertEquals(bars, [0.75, 1, 0.5, 1].map((share) => Number((share * (720 - 200 - 24)).toFixed(1))));
  assertStringIncludes(svg, "a&lt;b");
  assertStringIncludes(svg, "一二三四五六七八九十一二…");
  assertEquals(svg.match(/stroke-width="1.5"/g)?.length, 2, "whiskers where there is an error");
});
