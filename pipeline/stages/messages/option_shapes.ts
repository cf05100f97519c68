// The options of stages that people are told of, by the stage that takes them.
import { evaluateOptions } from "../evaluate.ts";
import { judgeOptions } from "../evaluation/judge.ts";
import { choiceOptions } from "../evaluation/task_options.ts";
import { embeddedTextOptions } from "../embedded_text.ts";
import { exportOptions } from "../export.ts";
import { inputOptions } from "../input_options.ts";
import { mergeOptions } from "../merge.ts";
import { randomModelOptions } from "../models.ts";
import { quantizeOptions } from "../quantize.ts";
import { packTextOptions } from "../tokens/pack_text.ts";
import { templateOptions } from "../tokens/template_options.ts";
import { tokenizeOptions } from "../tokens/tokenize.ts";
import { trainFullOptions } from "../train_full.ts";
import { earlyStoppingOptions } from "../training/early_stopping.ts";
import { loraOptions } from "../training/lora_options.ts";
import { trainOptions, trainSettings } from "../training/training_params.ts";

// The others of a full training are those of any training.
const { schedule, weightDecay, dtype } = trainFullOptions;

/** The shapes that declare options, each with its English text. */
export const OPTION_SHAPES = {
  inputs: inputOptions,
  merge: mergeOptions,
  quantize: quantizeOptions,
  tokenize: tokenizeOptions,
  template: templateOptions,
  train: trainOptions,
  settings: trainSettings,
  lora: loraOptions,
  earlyStopping: earlyStoppingOptions,
  trainFull: { schedule, weightDecay, dtype },
  randomModel: randomModelOptions,
  embeddedText: embeddedTextOptions,
  packText: packTextOptions,
  evaluate: evaluateOptions,
  choices: choiceOptions,
  judge: judgeOptions,
  exportModel: exportOptions,
};

type Shapes = typeof OPTION_SHAPES;

/** What these options say in another language than English: a text for each, and no other. */
export type StageTexts = { readonly [S in keyof Shapes]: { readonly [N in keyof Shapes[S]]: string } };
