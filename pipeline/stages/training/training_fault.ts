import { type Device, DeviceError } from "../../../kernels/gpu/device.ts";
import { describeSaving, gigabytes, planWith, savings } from "../../../models/training/memory_plan.ts";
import type { PlannedMemory } from "./training_memory.ts";

/**
 * The error to show for one that ended a training. A fault of the device often surfaces as something else first, and
 * says itself a moment later; for one that memory may be behind, it is said what helps.
 *
 * @param takeUp the argument that takes up a checkpoint's folder
 */
export async function explainFault(
  error: unknown,
  device: Device,
  memory: PlannedMemory,
  takeUp: string,
): Promise<unknown> {
  await new Promise((resume) => setTimeout(resume)); // lets the device say that it was lost
  let fault = error;
  try {
    device.check();
  } catch (found) {
    fault = found;
  }
  if (!(fault instanceof DeviceError) || fault.kind === "device") return fault;
  return new DeviceError(`${fault.message}\n${adviceOn(memory, takeUp).join("\n")}`, fault.kind);
}

function adviceOn({ plan, shape }: PlannedMemory, takeUp: string): string[] {
  const lines = [
    `Training takes ${gigabytes(plan.total)} of GPU memory. Close other programs that use the GPU and run the same ` +
    "command: it goes on from the newest checkpoint, if there is one.",
  ];
  if (plan.keptLayers > 0) {
    const least = planWith(shape, 0).total;
    lines.push(
      `Should it happen again, lower gpuMemory (--gpu-memory), to ${gigabytes(least)} at the least: more layers are ` +
        "computed again, which takes time but leaves the result, and the checkpoint, as they are.",
    );
  }
  return [
    ...lines,
    `What takes less memory but changes the result, so that training begins anew (${takeUp} with a checkpoint's folder ` +
    "keeps what was learnt):",
    ...savings(shape).map((saving) => `  ${describeSaving(saving)}`),
  ];
}
