// Options that several tasks have; their texts are in the catalogue of the command line. A task gives those that it takes
// a text of its own where that says more.
import { deviceSettings } from "../../../pipeline/stages/stage_device.ts";
import { z } from "zod";
import { LANGUAGES } from "../language.ts";

/** Of every task that computes on a device. */
export const DEVICE_OPTION = {
  device: deviceSettings.device.unwrap().min(1).optional(),
};

/** Of every task that speaks. */
export const LANG_OPTION = {
  lang: z.enum(LANGUAGES).optional(),
};

/** Of tasks that print their result, or how far they are, as JSON; what they print is for their texts to say. */
export const JSON_OPTION = { json: z.boolean().default(false) };

/** Of tasks that look into the cache. */
export const CACHE_OPTIONS = {
  cacheDir: z.string().default(".vicuna"),
  ...JSON_OPTION,
  ...LANG_OPTION,
};
