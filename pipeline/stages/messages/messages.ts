import type { StageTexts } from "./option_shapes.ts";
import { ZH } from "./zh.ts";

/** What the options of stages say, by language; their English stands where they are declared. */
export const STAGE_TEXTS: Readonly<Record<string, StageTexts>> = { zh: ZH };
