import { assertEquals, assertStringIncludes } from "@std/assert";
import type { DeviceInfo } from "../../../kernels/gpu/device.ts";
import { machineFacts, machineLines } from "../../../tasks/bench/machine.ts";

const info: DeviceInfo = {
  description: "llvmpipe (LLVM 15.0.6, 256 bits)",
  backend: "vulkan",
  vendor: "65541",
  model: "0",
  architecture: "",
  software: true,
  unrolls: false,
  subgroupSize: 8,
  texels: false,
  features: [],
};
/** Facts as a machine with AVX-512 would give them. */
const facts = { ...machineFacts(info), processor: "Some Processor", threads: 2, driver: null, avx512: true };

Deno.test("a bench names device, vector width, processor, and whether AVX-512 is there or held back", () => {
  const lines = machineLines({ ...facts, avx512HeldBack: false }, "en");
  assertEquals(
    lines,
    "llvmpipe (LLVM 15.0.6, 256 bits), vector width 256 bits\nSome Processor, 2 threads, AVX-512",
  );
  const driver = { name: "Mesa", version: "25.0.7" } as const;
  assertStringIncludes(
    machineLines({ ...facts, driver }, "zh"),
    "Mesa 25.0.7, 向量宽度 256 位\nSome Processor, 2 线程, 有",
  );
  assertStringIncludes(machineLines({ ...facts, avx512: false, avx512HeldBack: false }, "en"), ", no AVX-512");
  assertStringIncludes(machineLines({ ...facts, avx512: false, avx512HeldBack: true }, "en"), "as if it had none");
});

Deno.test({
  name: "an override that tells Mesa of no AVX-512 is seen where the processor has it",
  ignore: Deno.build.os !== "linux",
  async fn() {
    const cpuinfo = await Deno.makeTempFile();
    try {
      await Deno.writeTextFile(cpuinfo, "model name\t: Some Processor\nflags\t: sse avx avx512f\n");
      for (const avx512 of [true, false]) {
        const found = machineFacts(info, { facts: { ...facts, avx512 }, cpuinfo });
        assertEquals([found.processor, found.avx512HeldBack], ["Some Processor", !avx512]);
      }
    } finally {
      await Deno.remove(cpuinfo);
    }
  },
});
