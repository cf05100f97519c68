import { assertEquals, assertNotEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { join, toFileUrl } from "@std/path";
import { openDevice } from "../../kernels/gpu/device.ts";
import type { SelfCheck } from "../../kernels/self_check/self_check.ts";
import { checkDevice, digestOfKernels } from "../../models/device_check.ts";

Deno.test("checkDevice() checks a device once and remembers that it passed; wrong kernels are named and never remembered", async () => {
  const device = await openDevice();
  const folder = await Deno.makeTempDir();
  try {
    const use = { headSizes: [64], bits: [8] } as const;
    let checks = 0;
    const answering = (results: SelfCheck[]) => () => {
      checks++;
      return Promise.resolve(results);
    };
    const right = { name: "attention", error: 1e-7, passed: true };
    const wrong = answering([right, { name: "int8 product", error: 0.25, passed: false }]);
    for (let i = 0; i < 2; i++) {
      const error = await assertRejects(() => checkDevice(device, folder, use, wrong));
      assertStringIncludes(
        (error as Error).message,
        `${device.info.description} computes wrong results in int8 product (off by 2.5e-1)`,
      );
    }
    assertEquals(checks, 2);
    assertEquals(await checkDevice(device, folder, use, answering([right])), "checked");
    assertEquals(await checkDevice(device, folder, use, wrong), "known");
    assertEquals(checks, 3);
    // What passed for one use is checked again for another.
    await assertRejects(() => checkDevice(device, folder, { ...use, headSizes: [128] }, wrong));
  } finally {
    device.close();
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("digestOfKernels() changes with a source in a sub-folder, and not with other files", async () => {
  const folder = await Deno.makeTempDir({ prefix: "vicuna-test-" });
  try {
    const write = (name: string, text: string) => Deno.writeTextFile(join(folder, name), text);
    const digest = () => digestOfKernels(toFileUrl(`${folder}/`));
    await Deno.mkdir(join(folder, "products/deep"), { recursive: true });
    await write("kernel.ts", "export {};");
    const first = await digest();
    await write("products/deep/op.wgsl", "fn main() {}");
    const second = await digest();
    assertNotEquals(second, first);
    await write("products/deep/op.wgsl", "fn main() { return; }");
    const third = await digest();
    assertNotEquals(third, second);
    await write("products/notes.md", "no source");
    assertEquals(await digest(), third);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
