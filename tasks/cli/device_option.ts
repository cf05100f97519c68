import { z } from "zod";

/** The flag of every task that computes on a device. */
export const DEVICE_OPTION = {
  device: z.string().min(1).optional().describe(
    "device to compute on where there are several: its number or name in `doctor --devices`",
  ).meta({ zh: "有多个设备时选择其一：`doctor --devices` 中的编号或名称" }),
};
