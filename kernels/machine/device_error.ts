/** What went wrong: the device is gone, has not enough memory, there is none, not the one asked for, or anything else. */
export type DeviceErrorKind = "lost" | "memory" | "noDevice" | "deviceChoice" | "device";

/** A fault of the graphics device or its driver, with advice where there is any. */
export class DeviceError extends Error {
  override name = "DeviceError";
  /** The command line prints such an error as one message, without a stack. */
  readonly userFacing = true as const;

  /** Says what happened, and of which sort it is. */
  constructor(message: string, readonly kind: DeviceErrorKind = "device") {
    super(message);
  }
}

/** The device that was asked for by name cannot be had. */
export class DeviceChoiceError extends DeviceError {
  override name = "DeviceChoiceError";

  /** Names the device. */
  constructor(message: string) {
    super(message, "deviceChoice");
  }
}
