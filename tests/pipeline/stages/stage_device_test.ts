import { assertEquals, assertThrows } from "@std/assert";
import { DeviceChoiceError } from "../../../kernels/machine/device_error.ts";
import { chooseStageDevice } from "../../../pipeline/stages/stage_device.ts";
import { params, settings } from "../../../pipeline/stages/training/training_params.ts";

Deno.test("a stage's setting that names no device is an error with the list of devices; without it none is chosen", () => {
  const { device } = settings.parse({});
  chooseStageDevice({ device });
  assertThrows(
    () => chooseStageDevice({ device: "abacus" }),
    DeviceChoiceError,
    "there is no device abacus; there are:",
  );
});

Deno.test("the device is a setting of a training, and so no part of its key", () => {
  assertEquals(["device" in settings.shape, "device" in params.shape], [true, false]);
});
