import { DAY } from "../../../datasets/templates/strftime.ts";
import { TEMPLATE_NAMES } from "../../../datasets/templates/templates.ts";
import { z } from "../../core/mod.ts";

/** How prompts are written. `chatTemplateKwargs` is the text that {@link parseTemplateKwargs} reads. */
export const templateOptions = {
  chatTemplateKwargs: z.string().default("").describe(
    `variables of the tokenizer's chat template as JSON: '{"enable_thinking": false}'`,
  ).meta({ aliases: ["chat_template_kwargs"] }),
  templateDate: z.string().regex(DAY, "wanted YYYY-MM-DD").optional().describe(
    "the day that a chat template which asks for it is told, YYYY-MM-DD; 2025-01-01 by default",
  ),
  template: z.enum(TEMPLATE_NAMES).default("alpaca").describe("prompt template").meta({
    aliases: ["prompt_template_name"],
  }),
};

/** The same as params of a stage, which has the variables as an object, and of what is left out its own defaults. */
export const templateParams = {
  template: templateOptions.template.unwrap().optional(),
  chatTemplateKwargs: z.record(z.string(), z.unknown()).optional().describe(
    "variables of the tokenizer's chat template",
  ),
  templateDate: templateOptions.templateDate,
};
