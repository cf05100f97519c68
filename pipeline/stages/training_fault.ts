import { type Device, DeviceError } from "../../kernels/device.ts";

/** What helps where a training does not fit. */
export interface FaultAdvice {
  readonly lower: string;
  readonly takeUp: string;
}

/**
 * The error to show for one that ended a training. A fault of the device often surfaces as something else first, and
 * says itself a moment later; for one that memory may be behind, advice is added.
 *
 * @param advice what else than `microBatchSize` may be lowered, and what takes up a checkpoint's folder
 */
export async function explainFault(
  error: unknown,
  device: Device,
  microBatchSize: number,
  advice: FaultAdvice,
): Promise<unknown> {
  await new Promise((resume) => setTimeout(resume)); // lets the device say that it was lost
  let fault = error;
  try {
    device.check();
  } catch (found) {
    fault = found;
  }
  if (!(fault instanceof DeviceError) || fault.fault === "other") return fault;
  const inUse = (device.peak / 1e9).toFixed(device.peak < 1e8 ? 3 : 1);
  const lower = microBatchSize > 1
    ? `microBatchSize (now ${microBatchSize}; half of it halves what a micro-batch takes)`
    : advice.lower;
  return new DeviceError(
    `${fault.message}. Training had taken ${inUse} GB of GPU memory. Close other programs that use the GPU and run the ` +
      `same command: it goes on from the newest checkpoint, if there is one. Should it happen again, lower ${lower}. ` +
      `That changes the result, so training begins anew; ${advice.takeUp} with a checkpoint's folder keeps what was learnt.`,
    fault.fault,
  );
}
