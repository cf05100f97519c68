// A flag that the pipeline at hand does not have, but a recipe does.
import { calledAs } from "./called_as.ts";
import { type Flag, flagsOf, isSwitch } from "./flags.ts";
import { loadPipeline, recipeNames } from "../load_pipeline.ts";
import type { Messages } from "../messages.ts";

/** The recipe that is a task of its own. */
const EVALUATION = "evaluate";

/**
 * Says which recipes have a flag that a pipeline does not have, and how one of them is called; undefined where none does.
 *
 * @param flag its name without dashes before it, such as `data`, `lora-r` or `no-autotune`
 */
export async function flagOfOthers(
  flag: string,
  pipeline: string,
  task: string,
  messages: Messages,
): Promise<string | undefined> {
  const recipes = await recipesWith(flag, messages);
  const [first] = recipes;
  if (first === undefined) return undefined;
  const call = first === EVALUATION
    ? calledAs(EVALUATION)
    : `${calledAs(task === EVALUATION ? "train" : task)} ${first}`;
  return messages.flagOfOthers(pipeline, `--${flag}`, recipes, call);
}

async function recipesWith(flag: string, messages: Messages): Promise<string[]> {
  const having: string[] = [];
  for (const recipe of recipeNames()) {
    const { pipeline } = await loadPipeline(recipe, messages);
    if (flagsOf(pipeline.options).some((each) => answersTo(each, flag))) having.push(recipe);
  }
  return having;
}

function answersTo(flag: Flag, name: string): boolean {
  const names = [flag.name, ...flag.aliases];
  return names.includes(name) || (isSwitch(flag) && name.startsWith("no-") && names.includes(name.slice(3)));
}
