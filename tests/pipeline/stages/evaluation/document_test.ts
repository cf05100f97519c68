import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
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
  assert(!page.includes("<nav>"), "one section needs no contents");
  assertStringIncludes(page, '<html lang="en">');
  assertStringIncludes(page, '<strong>Answer <span lang="zh-Hans">回答</span></strong>');
  const cells = (text: string) =>
    /<td>(.*)<\/td>/.exec(html("t", [{ type: "table", header: [""], rows: [[text]] }]))?.[1];
  assertEquals(cells("a & 猫，狗！b"), 'a &amp; <span lang="zh-Hans">猫，狗！</span>b');
  assertEquals(cells("日本の"), "日本の");
});

Deno.test("a report of several sections in HTML begins with links to them; a plot that is a file can be pointed at", () => {
  const page = html("t", [
    { type: "heading", level: 1, text: "Title" },
    { type: "figure", file: "a b.svg", alt: "plot" },
    { type: "heading", level: 2, text: "One <1>" },
    { type: "heading", level: 3, text: "Part" },
    { type: "heading", level: 2, text: "Two" },
  ]);
  const links = [...page.matchAll(/<a href="#([^"]*)">([^<]*)</g)].map(([, to, text]) => [to, text]);
  assertEquals(links.map(([, text]) => text), ["One &lt;1&gt;", "Two"]);
  for (const [to, text] of links) assertStringIncludes(page, `<h2 id="${to}">${text}</h2>`);
  assert(page.indexOf("</h1>") < page.indexOf("<nav>") && page.indexOf("<nav>") < page.indexOf("<figure>"));
  assertStringIncludes(page, '<object data="a%20b.svg" type="image/svg+xml"><img src="a%20b.svg" alt="plot"></object>');
});

Deno.test("barChart() draws a pair of bars a row and escapes their names", () => {
  const rows = [
    { name: "a<b", ...compare([1, 0, 1, 1], [1, 1, 1, 1]) },
    { name: "一二三四五六七八九十一二三", ...compare([0, 1], [1, 1]) },
  ];
  const svg = barChart("t", rows, 1);
  const bars = [...svg.matchAll(/<rect class="\w+" x="200" y="[\d.]+" width="([\d.]+)"/g)].map(([, width]) =>
    Number(width)
  );
  assertEquals(bars, [0.75, 1, 0.5, 1].map((share) => Number((share * (720 - 200 - 72)).toFixed(1))));
  assertStringIncludes(svg, "a&lt;b");
  assertStringIncludes(svg, "一二三四五六七八九十一二…");
  assertEquals(svg.match(/class="whisker"/g)?.length, 2, "whiskers where there is an error");
  // Values stand beside the bars, and with their errors in what is shown on pointing at them.
  assertEquals([...svg.matchAll(/font-size="11"[^>]*>([^<]*)</g)].map(([, text]) => text), [
    ...["75.0 %", "100.0 %", "50.0 %", "100.0 %"],
  ]);
  assertStringIncludes(svg, "<title>a&lt;b, before 训练前: 75.0 ± 25.0 %</title>");
  assertStringIncludes(svg, "@media (prefers-color-scheme: dark)");
  assertMatch(svg, /<switch><text systemLanguage="zh, [^>]*>■ 训练前<\/text><text [^>]*>■ before<\/text><\/switch>/);
});
