import { assert, assertEquals } from "@std/assert";
import { normaliseNewlines } from "../../../datasets/merging/normalise.ts";

// In these strings `\\n` is the two characters backslash and n, and `\n` a newline.

Deno.test("normaliseNewlines() turns literal backslash-n at the ends of lines into one newline each", () => {
  for (const repair of ["line-ends", "everywhere"] as const) {
    const fix = (text: string) => normaliseNewlines(text, repair);
    assertEquals(fix("独一无二的。\\n\n"), "独一无二的。\n");
    assertEquals(fix("闰年。\\n\n\\n1996\\n"), "闰年。\n\n1996\n");
    assertEquals(fix("a\\n\\nb\\n\\n"), repair === "everywhere" ? "a\n\nb\n\n" : "a\\n\\nb\n\n");
    assertEquals(fix("一\\n\r\n二"), "一\n二");
    assertEquals(fix("一\n\\n二"), "一\n\n二");
    assertEquals(fix("\\n一"), "\n一");
  }
});

Deno.test("normaliseNewlines() repairs the middle of a line only where it is asked to", () => {
  const text = "判断对错：\\n1. 水是湿的\\n\\n2. 火是冷的";
  assertEquals(normaliseNewlines(text, "line-ends"), text);
  assertEquals(normaliseNewlines(text, "everywhere"), "判断对错：\n1. 水是湿的\n\n2. 火是冷的");
  assertEquals(normaliseNewlines("I don't know.\\nWhat's that?", "everywhere"), "I don't know.\nWhat's that?");
  assertEquals(normaliseNewlines('"一"\\n"二"', "everywhere"), '"一"\n"二"');
});

Deno.test("normaliseNewlines() leaves code alone", () => {
  const kept = [
    'print("a\\n")',
    "lines = text.split('\\n')",
    "用 `\\n` 换行",
    "以“\\n”为分界符",
    "正则 [^\\n]+ 和 /\\n/g",
    "C:\\new\\names",
    "\\nabla f = 0",
    "a \\neq b",
    "写成 \\\\n 的样子",
    "写成 \\\\n",
    "行尾是 \\r\\n",
    "```c\nputs(x \\n\n\\nY\n```",
  ];
  for (const text of kept) {
    assertEquals(normaliseNewlines(text, "everywhere"), text);
    assertEquals(normaliseNewlines(text, "line-ends"), text);
  }
});

Deno.test("normaliseNewlines() takes time in proportion to the text, whatever is in it", () => {
  const started = performance.now();
  for (const piece of ["\\", "'\\n", '"\\n', "\\n", "`\n"]) {
    normaliseNewlines("'" + piece.repeat(20000) + "\\nX", "everywhere");
  }
  assert(performance.now() - started < 2000);
});
