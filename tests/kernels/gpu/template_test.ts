import { assert, assertEquals, assertThrows } from "@std/assert";
import { reflect } from "../../../kernels/gpu/kernel.ts";
import { render } from "../../../kernels/gpu/template.ts";

Deno.test("render() unrolls nested loops and evaluates expressions over constants and loop variables", () => {
  const source = "//% for i in 0..N\na{{i}} {\n  //% for j in 0..i + 1\n  b{{i * 10 + j}}\n  //% end\n}\n//% end\nend";
  assertEquals(render(source, { N: 2 }).split("\n").map((line) => line.trim()), [
    "a0 {",
    "b0",
    "}",
    "a1 {",
    "b10",
    "b11",
    "}",
    "end",
  ]);
});

Deno.test("render() keeps one branch of a condition, also around loops that never run", () => {
  const source = "//% if ON\n//% for i in 0..0\nx{{i}}\n//% end\nyes\n//% else\nno\n//% end";
  assertEquals(render(source, { ON: true }), "yes");
  assertEquals(render(source, { ON: false }), "no");
});

Deno.test("render() names the line of a fault", () => {
  const unknown = assertThrows(() => render("fine\n{{MISSING}}", {}), Error);
  assert(unknown.message.includes("line 2") && unknown.message.includes("MISSING"));
  assertThrows(() => render("//% end", {}), Error, "without its beginning");
  assertThrows(() => render("//% while true", {}), Error, 'unknown directive "while"');
});

Deno.test("reflect() reads bindings in order of their numbers, their access, and the uniforms", () => {
  const { bindings, uniforms } = reflect(`struct Uniforms { count: u32, scale: f32 }
    @group(0) @binding(2) var<storage, read_write> y: array<f32>;
    @group(0) @binding(1) var<storage, read> x: array<vec4f>;`);
  assertEquals(bindings, [
    { name: "x", access: "read", element: "vec4f", copyable: true },
    { name: "y", access: "read_write", element: "f32", copyable: false },
  ]);
  assertEquals(uniforms, [{ name: "count", type: "u32" }, { name: "scale", type: "f32" }]);
});
