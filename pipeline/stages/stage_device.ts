// The device that a stage computes on: how it is chosen, and where it is noted.
import { chooseDevice, type Device, deviceName, openDevice } from "../../kernels/gpu/device.ts";
import { type StageContext, z } from "../core/mod.ts";

/** The settings of a stage that computes on a device. */
export const deviceSettings = {
  device: z.string().default("").describe(
    "device to compute on where there are several: its number or name in `doctor --devices`; a --device goes before it",
  ),
};

/**
 * Chooses the device of a stage's settings, before anything is asked of one. A process keeps to its first.
 *
 * @throws {DeviceChoiceError} when there is none such, or the process computes on another
 */
export function chooseStageDevice({ device }: { readonly device: string }): void {
  if (device !== "") chooseDevice(device, "setting");
}

/** Opens the device that was chosen, else the machine's preferred one, and notes it in the stage's result. */
export async function openStageDevice(
  context: Pick<StageContext<Record<never, never>, never, never>, "device">,
): Promise<Device> {
  const device = await openDevice();
  context.device(deviceName(device.info), { ...device.info, features: [...device.info.features] });
  return device;
}
