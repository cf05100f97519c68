import { assertEquals } from "@std/assert";
import { requestAdapter } from "../../../kernels/adapter.ts";
import { DeviceError } from "../../../kernels/device_error.ts";
import { AdapterFitError, FormatError } from "../../../models/formats/error.ts";
import { MemoryError } from "../../../models/memory_plan.ts";
import { kindOfError } from "../../../tasks/cli/error_kind.ts";
import { messagesIn } from "../../../tasks/cli/messages.ts";

Deno.test("kindOfError() tells the sorts of errors of the device, and what is no error of the library", () => {
  const plan = { total: 9e9 } as ConstructorParameters<typeof MemoryError>[0];
  const errors = [
    new MemoryError(plan, 8e9, []),
    new DeviceError("the GPU is out of memory: x", "memory"),
    new DeviceError("the GPU device was lost", "lost"),
    new DeviceError("the GPU refused an operation: x"),
    new FormatError("config.json: hidden_size 7 is not a multiple of num_attention_heads 2"),
    new AdapterFitError("the adapter does not fit this base"),
    new Error("a fault of ours"),
  ];
  const kinds = ["memory", "memory", "lost", "device", "format", "otherBase", undefined];
  assertEquals(errors.map(kindOfError), kinds);
});

Deno.test("a machine without a driver is told so", async () => {
  const found = Object.getOwnPropertyDescriptor(navigator, "gpu");
  Object.defineProperty(navigator, "gpu", { value: { requestAdapter: () => null }, configurable: true });
  try {
    const error = await requestAdapter().then(() => undefined, (error: Error) => error);
    assertEquals(error && kindOfError(error), "noDevice");
    assertEquals(messagesIn("zh").errorLead("noDevice")?.startsWith("没有找到 GPU"), true);
  } finally {
    if (found) Object.defineProperty(navigator, "gpu", found);
    else delete (navigator as { gpu?: unknown }).gpu;
  }
});
