import { assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { requestAdapter } from "../../../kernels/machine/adapter.ts";
import { DataError } from "../../../datasets/errors.ts";
import { DeviceChoiceError, DeviceError } from "../../../kernels/machine/device_error.ts";
import { AdapterFitError, FormatError } from "../../../models/formats/error.ts";
import { readAdapter } from "../../../models/formats/adapter/adapter_reader.ts";
import { readConfig } from "../../../models/formats/config.ts";
import { findWeights } from "../../../models/formats/weight_forms.ts";
import { loadTokenizer } from "../../../models/tokenizer/tokenizer.ts";
import { MemoryError } from "../../../models/training/memory_plan.ts";
import { PipelineError, StageArgumentError, WrongFolderError } from "../../../pipeline/core/errors.ts";
import { LockDriftError } from "../../../pipeline/core/records/lock_file.ts";
import { kindOfError } from "../../../tasks/cli/error_kind.ts";
import { messagesIn } from "../../../tasks/cli/messages.ts";
import { UsageError } from "../../../tasks/cli/usage_error.ts";

Deno.test("kindOfError() tells the sorts of errors of the device, and what is no error of the library", () => {
  const plan = { total: 9e9 } as ConstructorParameters<typeof MemoryError>[0];
  const errors = [
    new MemoryError(plan, 8e9, []),
    new DeviceError("the GPU is out of memory: x", "memory"),
    new DeviceError("the GPU device was lost", "lost"),
    new DeviceError("the GPU refused an operation: x"),
    new DeviceChoiceError("there is no device 7"),
    new FormatError("config.json: hidden_size 7 is not a multiple of num_attention_heads 2"),
    new FormatError("base.gguf has no tokenizer.ggml.tokens"), // damaged, and a model all the same
    new AdapterFitError("the adapter does not fit this base"),
    new WrongFolderError("reading a (input model): the folder has none of the files wanted", "model"),
    new WrongFolderError("reading a (input start): the folder has none of the files wanted", "adapter"),
    new WrongFolderError("reading a (input rows): the folder has none of the files wanted", "rows"),
    new PipelineError("of a stage in a process of its own", { kind: "notModel" }),
    new PipelineError("a kind that nobody knows", { kind: "toString" }),
    new PipelineError("reading a: nothing there", { cause: new Deno.errors.NotFound() }),
    new DataError("a.json:3: malformed JSON"),
    new DataError("validation: wanted fewer than the 410 rows", { kind: "validation" }),
    new LockDriftError("train", ["epochs 3 -> 4"]),
    new StageArgumentError("calling train: wanted one object of arguments"),
    new UsageError("writing out: it exists", { kind: "exists" }),
    new UsageError("unknown option --x"),
    new Error("a fault of ours"),
  ];
  const kinds = [
    "memory",
    "memory",
    "lost",
    "device",
    "deviceChoice",
    "format",
    "format",
    "otherBase",
    "notModel",
    "noAdapter",
    undefined,
    "notModel",
    undefined,
    "missing",
    "data",
    "validation",
    "drift",
    "wiring",
    "exists",
    undefined,
    undefined,
  ];
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

Deno.test("a folder without a model and one without an adapter are told apart from files that are damaged", async () => {
  const folder = await Deno.makeTempDir({ prefix: "vicuna-test-" });
  try {
    const kindOf = async (opening: Promise<unknown>) => kindOfError(await assertRejects(() => opening, Error));
    assertEquals(await kindOf(readConfig(folder)), "notModel");
    assertEquals(await kindOf(loadTokenizer(folder)), "notModel");
    assertEquals(await kindOf(findWeights(folder)), "notModel");
    assertEquals(await kindOf(readAdapter(folder)), "noAdapter");
    await Deno.writeTextFile(join(folder, "config.json"), "{}");
    assertEquals(await kindOf(readConfig(folder)), "format");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
