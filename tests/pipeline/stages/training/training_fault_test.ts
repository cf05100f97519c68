// What ends a training before its time: numbers that are not finite, a device that fails. What was saved stands.
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { DeviceError, openDevice } from "../../../../kernels/gpu/device.ts";
import { createTensor, download } from "../../../../kernels/gpu/tensor.ts";
import { openSafetensors } from "../../../../models/formats/safetensors/safetensors.ts";
import { explainFault } from "../../../../pipeline/stages/training/training_fault.ts";
import { planMemory } from "../../../../pipeline/stages/training/training_memory.ts";
import { withOwnGpu } from "../../../kernels/shared_gpu.ts";
import { withFolder } from "../running.ts";
import { Bench } from "../small_training.ts";

/** Throws if a checkpoint holds a number that is not finite. */
async function assertFinite(dir: string): Promise<void> {
  for (const name of ["adapter_model.safetensors", "optimizer.safetensors"]) {
    using file = await openSafetensors(join(dir, name));
    for (const tensor of file.tensors.keys()) {
      assert((await file.readFloat32(tensor)).every(Number.isFinite), `${tensor} in ${join(dir, name)}`);
    }
  }
}

Deno.test("a loss that is no longer a number ends training; the last good checkpoint stays, and nothing bad is ever saved", async () => {
  await withFolder(async (folder) => {
    const bench = new Bench(folder);
    for (const logSteps of [1, 5]) {
      const params = { learningRate: 1e30, warmupSteps: 4, saveSteps: 1, evalSteps: 0, logSteps };
      const error = await assertRejects(() => bench.train(params), Error, "training stopped at step");
      assertStringIncludes(error.message, "rows of the step");
      const step = Number(/at step (\d+)/.exec(error.message)![1]);
      const kept = bench.checkpoints();
      assertEquals(Object.keys(kept).map((name) => Number(name.slice(11))).sort().at(-1), step - 1);
      for (const dir of Object.values(kept)) await assertFinite(dir);
    }
  });
});

Deno.test("weights that are no longer finite are never saved, even if no loss has told of them", async () => {
  await withFolder(async (folder) => {
    const bench = new Bench(folder);
    const params = { learningRate: 1e39, warmupSteps: 2, saveSteps: 1, evalSteps: 0 };
    const error = await assertRejects(() => bench.train(params), Error, "training stopped after step 2");
    assertStringIncludes(error.message, "Lower the learning rate");
    assertEquals(Object.keys(bench.checkpoints()), ["checkpoint-1"]);
  });
});

Deno.test("explainFault() waits for a device to say that it was lost, where that surfaces as something else first", async () => {
  const device = await withOwnGpu(openDevice);
  const tensor = createTensor(device, "some values", [4]);
  await download(device, tensor);
  device.gpu.destroy();
  const error = await download(device, tensor).then(() => undefined, (error) => error);
  const base = { hiddenSize: 16, intermediateSize: 28, layers: 2, heads: 2, keyValueHeads: 2, headSize: 8 };
  const rest = { vocabularySize: 300, maxPositions: 64, normEpsilon: 1e-6, ropeTheta: 1e4, tiedEmbeddings: false };
  const config = { family: "llama", ...base, ...rest, bosId: 1, eosIds: [2] } as const;
  const memory = await planMemory({ config, bits: 32, tokens: 64, headRows: 64, gpuMemory: 1 });
  const explained = await explainFault(error, device, memory, "model");
  assert(explained instanceof DeviceError && explained.kind === "lost", String(explained));
  assertStringIncludes(explained.message, "(model with a checkpoint's folder keeps what was learnt)");
  device.close();
});

/** Runs something while every device that is opened is its own, and handed to `onDevice`. */
function withDevices(onDevice: (device: GPUDevice) => void, run: () => Promise<void>): Promise<void> {
  return withOwnGpu(async () => {
    const original = GPUAdapter.prototype.requestDevice;
    GPUAdapter.prototype.requestDevice = async function (descriptor) {
      const device = await original.call(this, descriptor);
      onDevice(device);
      return device;
    };
    try {
      await run();
    } finally {
      GPUAdapter.prototype.requestDevice = original;
    }
  });
}

const faults: Record<string, { strike: (device: GPUDevice) => void; message: string }> = {
  "a device that is lost": { strike: (device) => device.destroy(), message: "the GPU device was lost" },
  "a GPU without memory": {
    strike: (device) => {
      const error = new GPUOutOfMemoryError("not enough memory left");
      device.dispatchEvent(new GPUUncapturedErrorEvent("uncapturederror", { error }));
    },
    message: "the GPU is out of memory: not enough memory left",
  },
};

for (const [what, { strike, message }] of Object.entries(faults)) {
  Deno.test(`${what} ends training with advice; the checkpoint stands, and the same command goes on from it`, async () => {
    await withFolder(async (folder) => {
      const bench = new Bench(folder);
      const unbroken = await Deno.readFile(join(await bench.finish(), "adapter_model.safetensors"));
      bench.forget();
      let opened: GPUDevice | undefined;
      await withDevices((device) => opened = device, async () => {
        const timer = setInterval(() => "checkpoint-4" in bench.checkpoints() && opened && strike(opened), 1);
        try {
          const error = await assertRejects(() => bench.train({}), Error, message);
          assertStringIncludes(error.message, "the same command: it goes on from the newest checkpoint");
          assertStringIncludes(error.message, "lower gpuMemory (--gpu-memory), to ");
          assert(/a micro-batch of 96 tokens instead of 192 saves \d/.test(error.message), error.message);
        } finally {
          clearInterval(timer);
        }
      });
      const { result, said } = await bench.train({});
      assert(/going on from checkpoint-\d+/.test(said.join("\n")), `${said}`);
      assertEquals(await Deno.readFile(join(result!.targets.adapter.dir, "adapter_model.safetensors")), unbroken);
    });
  });
}
