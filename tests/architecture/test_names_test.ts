// That the test of a file is found by its name, and a test of something else says of what in its first line.
import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { REPOSITORY, sourceFiles } from "./repository.ts";

/**
 * Tests that neither mirror a file nor say what they test: `tests/FOLDER/name_test.ts` wants a `name.ts` or `name.tsx` somewhere
 * below FOLDER, or a comment as its first line.
 */
function unexplained(files: readonly string[], firstLine: (file: string) => string): string[] {
  return files.filter((file) => file.startsWith("tests/") && file.endsWith("_test.ts")).filter((file) => {
    const [folder, name] = [
      file.slice("tests/".length, file.lastIndexOf("/") + 1),
      file.slice(file.lastIndexOf("/") + 1),
    ];
    const tested = name.slice(0, -"_test.ts".length);
    const mirrored = files.some((other) =>
      folder !== "" && other.startsWith(folder) && new RegExp(`/${tested}\\.tsx?$`).test(other)
    );
    return !mirrored && !/^\/\/ .{20,}/.test(firstLine(file));
  });
}

Deno.test("every test mirrors the file that it tests, or says in its first line what it tests", () => {
  const files = sourceFiles();
  assert(files.includes("tests/kernels/product/product_test.ts"));
  const firstLine = (file: string) => Deno.readTextFileSync(join(REPOSITORY, file)).split("\n", 1)[0]!;
  assertEquals(unexplained(files, firstLine), []);
});

Deno.test("unexplained() looks below the mirrored folder, and only there", () => {
  const files = ["kernels/products/product.ts", "models/lora.ts", "tasks/page/page.tsx"];
  const tests = [
    "tests/kernels/product_test.ts",
    "tests/kernels/lora_test.ts",
    "tests/tasks/page/page_test.ts",
    "tests/all_test.ts",
  ];
  const nothingSaid = () => 'import { assert } from "@std/assert";';
  assertEquals(unexplained([...files, ...tests], nothingSaid), ["tests/kernels/lora_test.ts", "tests/all_test.ts"]);
  assertEquals(unexplained([...files, ...tests], () => "// The law that all files keep."), []);
});
