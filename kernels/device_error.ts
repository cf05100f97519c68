/** What a device failed by: it is gone, it has not enough memory, or anything else. */
export type DeviceFault = "lost" | "memory" | "other";

/** A fault of the graphics device or its driver, with advice where there is any. */
export class DeviceError extends Error {
  override name = "DeviceError";
  /** The command line prints such an error as one message, without a stack. */
  readonly userFacing = true as const;

  /** Says what happened, and of which sort it is. */
  constructor(message: string, readonly fault: DeviceFault = "other") {
    super(message);
  }
}

/** The device that was asked for by name cannot be had. */
export class DeviceChoiceError extends DeviceError {
  override name = "DeviceChoiceError";
}
