// Options that several tasks have. A task takes those that it needs, and gives them a text of its own where that says more.
import { deviceSettings } from "../../../pipeline/stages/stage_device.ts";
import { z } from "zod";
import { LANGUAGES } from "../language.ts";

/** Of every task that computes on a device. */
export const DEVICE_OPTION = {
  device: deviceSettings.device.unwrap().min(1).optional().describe(
    "device to compute on where there are several: its number or name in `doctor --devices`",
  ).meta({ zh: "有多个设备时选择其一：`doctor --devices` 中的编号或名称" }),
};

/** Of every task that speaks. */
export const LANG_OPTION = {
  lang: z.enum(LANGUAGES).optional().describe("language of messages").meta({ zh: "提示信息的语言" }),
};

const json = z.boolean().default(false);

/** Of tasks that measure something. */
export const JSON_OBJECT_OPTION = {
  json: json.describe("print one JSON object").meta({ zh: "输出一个 JSON 对象" }),
};

/** Of tasks that show how far they are. */
export const JSON_EVENTS_OPTION = {
  json: json.describe("print one JSON event a line instead of progress").meta({
    zh: "每行输出一个 JSON 事件，不显示进度",
  }),
};

/** Of tasks that look into the cache. */
export const CACHE_OPTIONS = {
  cacheDir: z.string().default(".vicuna").describe("folder of the cache").meta({ zh: "缓存文件夹" }),
  json: json.describe("print JSON").meta({ zh: "输出 JSON" }),
  lang: LANG_OPTION.lang.meta({ zh: "消息语言" }),
};
