import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { join, relative } from "@std/path";
import { cardInfo } from "../../../tasks/shader_stats/launches/recording_device.ts";
import { shaderDigest, shadersOf } from "../../../tasks/shader_stats/launches/shaders.ts";
import { REPOSITORY } from "../../architecture/repository.ts";

/** Kernels that no graphics card runs in a training or an answer: for processors, and what looks at a device. */
const notOfCards = [
  "kernels/attention/attention.wgsl",
  "kernels/attention/attention_backward_key_value.wgsl",
  "kernels/attention/attention_backward_query.wgsl",
  "kernels/decode/decode_product.wgsl",
  "kernels/gpu/subgroup_probe.wgsl",
  "kernels/lora/lora_reduce.wgsl",
  "kernels/lora/lora_reduce_rows.wgsl",
];

function wgslFiles(folder: string): string[] {
  return [...Deno.readDirSync(folder)].flatMap(({ name, isDirectory }) => {
    const path = join(folder, name);
    return isDirectory ? wgslFiles(path) : name.endsWith(".wgsl") ? [path] : [];
  });
}

/** Lines that rendering does not change, comments among them. */
const ownLines = (text: string) =>
  text.split("\n").filter((line) => !/\{\{|\/\/%/.test(line)).map((line) => line.trim()).filter((line) =>
    line.length > 10
  );

const bySize = new Map([0, 32, 64].map((size) => [size, shadersOf(cardInfo(size))]));

Deno.test("shadersOf() has every kernel that a card runs", () => {
  const codes = [...bySize.values()].flatMap((shaders) => shaders.map(({ code }) => code));
  const files = wgslFiles(join(REPOSITORY, "kernels")).map((path) => {
    return { path: relative(REPOSITORY, path), lines: ownLines(Deno.readTextFileSync(path)) };
  });
  assert(files.length > 30);
  const absent = files.filter(({ path, lines }) => {
    const others = new Set(files.flatMap((other) => other.path === path ? [] : other.lines));
    const found = lines.find((line) => !others.has(line));
    assert(found, `${path} has no line of its own`);
    return !codes.some((code) => code.includes(found));
  });
  assertEquals(absent.map(({ path }) => path).sort(), notOfCards);
});

Deno.test("shadersOf() gives each its own name and text, and the layout that its bindings need", () => {
  const shaders = bySize.get(32)!;
  assertEquals(new Set(shaders.map(({ name }) => name)).size, shaders.length);
  assertEquals(new Set(shaders.map(({ code }) => code)).size, shaders.length);
  for (const { name, code, entries } of shaders) {
    assertEquals(entries.length, [...code.matchAll(/@binding\(\d+\)/g)].length, name);
  }
});

Deno.test("shadersOf() follows the size of subgroups", () => {
  const expand = (size: number) => bySize.get(size)!.find(({ kernel }) => kernel === "lora_expand")!.code;
  assertNotEquals(expand(32), expand(64));
  assert(!bySize.get(0)!.some(({ code }) => /\bsubgroup\w+\(/.test(code)));
});

Deno.test("docs/performance.md says of which kernels its tables of graphics cards are", () => {
  const text = Deno.readTextFileSync(join(REPOSITORY, "docs/performance.md"));
  const [, documented] = text.match(/^Kernels of these tables: `([0-9a-f]{16})`/m) ?? [];
  assert(documented, "docs/performance.md has no line `Kernels of these tables: …` with the digest of shader-stats");
  const now = shaderDigest();
  if (documented !== now) {
    console.log(`the kernels have changed since docs/performance.md was written: ${documented} there, ${now} now`);
  }
});
