import { z } from "../../core/mod.ts";

/** A task's name in reports, which stands in the names of files, too. */
export const taskName = z.string().regex(
  /^[\p{L}\p{N}_-]{1,64}$/u,
  "wanted 1 to 64 letters, digits, - or _",
);

const maxNewTokens = z.number().int().min(1).default(64).describe("most tokens of an answer");

/** How answers are asked for and told right from wrong by their text. */
export const answerOptions = {
  maxNewTokens,
  ignoreCase: z.boolean().default(false).describe("treat upper and lower case as the same"),
  ignorePunctuation: z.boolean().default(false).describe("leave punctuation and symbols out"),
  metrics: z.array(z.enum(["exact_match", "rouge_l", "chrf"])).min(1).default(["exact_match"]).describe(
    "what answers are measured by; rouge_l and chrf compare characters with the most similar of the right answers",
  ),
};

/** A task of questions whose answers are told right from wrong by their text. */
export const answersTask = z.strictObject({ name: taskName, ...answerOptions });

/** BELLE's evaluation: questions to be answered freely, and to be scored by a judge afterwards. */
export const belleTask = z.strictObject({
  name: taskName.default("belle"),
  maxNewTokens: maxNewTokens.default(256),
});

/** Which multiple-choice questions are put, and how. */
export const choiceOptions = {
  shots: z.number().int().min(0).describe("examples before a question of ceval and cmmlu; 5 by default").meta({
    aliases: ["num_fewshot"],
  }).default(5),
  subjects: z.array(z.string()).describe("subjects of ceval and cmmlu; all if none is given").meta({
    aliases: ["subject"],
  }).default([]),
};

/** A task of multiple-choice questions, scored by the likelihood of the choices; each set has its name and its split. */
export const choicesTask = z.strictObject({
  name: taskName,
  split: z.enum(["val", "test"]).describe("the part whose questions are put"),
  shots: choiceOptions.shots,
  subjects: choiceOptions.subjects.unwrap().min(1).optional(),
  bos: z.boolean().default(true).describe("begin with the id that begins a text, as the model was trained"),
});
