import { assertEquals, assertGreater } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { scrub, secretsHere } from "../../../tasks/card_report/scrub.ts";

const secrets = {
  names: ["lenas-laptop.fritz.box", "lenas-laptop", "lena"],
  folders: ["/home/lena", "C:\\Users\\Lena Meier"],
};

const hidden: [string, string][] = [
  ["no driver in /usr/lib/vulkan/icd.d/x.json:12:3", "no driver in <path>:12:3"],
  ["at file:///opt/models/a%20b.ts:7:1)", "at <path>:7:1)"],
  ["cannot open '/mnt/work/llama-7b': gone", "cannot open '<path>': gone"],
  ["PATH=/usr/bin:/home/lena/bin", "PATH=<path><path>"],
  ["/home/lena", "<path>"],
  ["cannot read C:\\Users\\Lena Meier\\AppData\\x.bin, sorry", "cannot read <path>, sorry"],
  ["D:\\models\\llama", "<path>"],
  ["not there:/srv/data", "not there:<path>"],
  ["Lena on lenas-laptop.fritz.box, or lenas-laptop", "<name> on <name>, or <name>"],
];

for (const [text, wanted] of hidden) {
  Deno.test(`a report does not tell: ${text}`, () => assertEquals(scrub(text, secrets), wanted));
}

Deno.test("a report keeps what only looks like a secret", () => {
  for (
    const text of [
      "12 tokens/s, 3.4 GB/s, x·Wᵀ / dy·W",
      "</s>",
      "see https://example.org/a/b",
      "tests/kernels/product/product_test.ts",
      "NVIDIA GeForce RTX 4090/PCIe, Helena",
      "LLVM 15.0.6, 256 bits",
    ]
  ) assertEquals(scrub(text, secrets), text);
});

Deno.test("a place in the project's own sources is kept, without the folder that it lies in", () => {
  const project = fromFileUrl(new URL("../../../", import.meta.url));
  const at = `at ${new URL("../../../kernels/gpu/device.ts", import.meta.url)}:3:4 and ${project}mod.ts`;
  assertEquals(scrub(at, secrets), "at <project>/kernels/gpu/device.ts:3:4 and <project>/mod.ts");
});

Deno.test("scrub() reaches every text of a value, keys too, and leaves the rest as it is", () => {
  const value = { a: [1, true, null, { lena: "/home/lena/x", n: 0.5 }], b: "fine" };
  assertEquals(scrub(value, secrets), { a: [1, true, null, { "<name>": "<path>", n: 0.5 }], b: "fine" } as never);
});

Deno.test("the secrets of this machine hold its name and its user's folder", () => {
  const { names, folders } = secretsHere();
  assertGreater(names.filter((name) => Deno.hostname().startsWith(name)).length, 0);
  const told = scrub(`${Deno.hostname()} ${Deno.env.get("HOME")}/x ${Deno.cwd()}/y`, { names, folders });
  for (const secret of [Deno.hostname(), Deno.cwd()]) assertEquals(told.includes(secret), false, told);
});
