import { z } from "../../core/mod.ts";

/** When a training ends early, as a flag; {@link earlyStoppingArgument} makes the argument `earlyStopping` of it. */
export const earlyStoppingOptions = {
  earlyStoppingPatience: z.number().int().min(0).default(0).describe(
    "end after so many validations without a lower loss, with the best weights; 0: never",
  ),
};

/** The same as a training takes it. */
export const earlyStoppingParam = z.object({
  patience: z.number().int().min(1).describe("validations without a lower loss after which training ends"),
  everySteps: z.number().int().min(1).describe("steps between two validations; evalSteps does not count then"),
}).optional().describe("end when the validation loss no longer falls, and take the weights that had the lowest");

/** The argument `earlyStopping` of a training that the flags ask for: validations are `evalSteps` apart. */
export function earlyStoppingArgument(
  { earlyStoppingPatience, evalSteps }: { readonly earlyStoppingPatience: number; readonly evalSteps: number },
): z.output<typeof earlyStoppingParam> {
  return earlyStoppingPatience === 0 ? undefined : { patience: earlyStoppingPatience, everySteps: evalSteps };
}
