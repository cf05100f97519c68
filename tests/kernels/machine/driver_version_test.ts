import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import { findMesaVersion } from "../../../kernels/machine/driver_version.ts";
import { hasAvx512 } from "../../../kernels/machine/processor.ts";
import { withFiles } from "../fake_machine.ts";

const library = "\0\0binary Mesa 25.0.7-2 (git)\0";

Deno.test("Mesa's version is in the driver's library, which a manifest names by its path or by its file name", () =>
  withFiles({
    "icd.d/nvidia_icd.json": JSON.stringify({ ICD: { library_path: "libGLX_nvidia.so.0" } }),
    "icd.d/by_name.json": JSON.stringify({ ICD: { library_path: "libvulkan_lvp.so" } }),
    "icd.d/by_path.json": JSON.stringify({ ICD: { library_path: "../usr/lib/x86_64-linux-gnu/libvulkan_lvp.so" } }),
    "icd.d/damaged.json": "{",
    "usr/lib/x86_64-linux-gnu/libvulkan_lvp.so": library,
  }, (root) => {
    const versionBy = (...names: string[]) =>
      findMesaVersion(names.map((name) => ({ name, path: join(root, "icd.d", name) })), root);
    assertEquals(versionBy("by_name.json"), "25.0.7");
    assertEquals(versionBy("by_path.json"), "25.0.7");
    assertEquals(versionBy("nvidia_icd.json", "damaged.json", "by_name.json"), "25.0.7");
    assertEquals(versionBy("nvidia_icd.json"), undefined);
  }));

Deno.test("without Vulkan, Mesa's version is in its OpenGL, or in that library's name", async () => {
  await withFiles({ "usr/lib64/libEGL_mesa.so.0": "Mesa 22.3.6\0" }, (root) => {
    assertEquals(findMesaVersion([], root), "22.3.6");
  });
  await withFiles({ "usr/lib/x86_64-linux-gnu/libgallium-24.2.8-1.so": "" }, (root) => {
    assertEquals(findMesaVersion([], root), "24.2.8");
  });
  await withFiles({}, (root) => assertEquals(findMesaVersion([], root), undefined));
});

Deno.test({
  name: "AVX-512 is what the processor has and Mesa may use",
  ignore: Deno.build.os !== "linux",
  fn: () =>
    withFiles({ with: "flags : fpu avx2 avx512f avx512bw\n", without: "flags : fpu avx2\n" }, (root) => {
      const name = "GALLIUM_OVERRIDE_CPU_CAPS";
      const before = Deno.env.get(name);
      const found = (caps: string | undefined, file: string) => {
        if (caps === undefined) Deno.env.delete(name);
        else Deno.env.set(name, caps);
        return hasAvx512(join(root, file));
      };
      try {
        assertEquals(found(undefined, "with"), true);
        assertEquals(found("avx", "with"), false);
        assertEquals(found(undefined, "without"), false);
        assertEquals(found(undefined, "absent"), undefined);
      } finally {
        if (before === undefined) Deno.env.delete(name);
        else Deno.env.set(name, before);
      }
    }),
});
