/**
 * Teaches a LLaMA-family model to follow instructions on one GPU, as a pipeline of cached stages. This is what a
 * pipeline file imports: `import { belle, merge, pipeline, z } from "vicuna"`.
 *
 * `train` makes a LoRA adapter of a frozen base. What other tools call `method: "full"`, training all weights, is
 * `trainFull`: its result is a model folder, and it begins with one, `modelFolder(path)` or, for `init: "random"`,
 * `randomModel`.
 *
 * What stages can be told is declared once, as zod schemas: `mergeOptions`, `trainOptions` and so on. A pipeline spreads them
 * among its options, gives them defaults of its own (`trainOptions.epochs.default(1)`), and hands them on with `pickOptions`.
 *
 * @module
 */

export * from "./pipeline/core/mod.ts";
export * from "./pipeline/stages/kinds.ts";
export { earlyStoppingArgument, earlyStoppingOptions } from "./pipeline/stages/training/early_stopping.ts";
export { embeddedSamples, type EmbeddedSamplesParams, embeddedTask } from "./pipeline/stages/embedded_samples.ts";
export { embeddedText, embeddedTextOptions, type EmbeddedTextParams } from "./pipeline/stages/embedded_text.ts";
export { evaluate, type EvaluateInputs, evaluateOptions, type EvaluateParams } from "./pipeline/stages/evaluate.ts";
export {
  answerTask,
  type AnswerTaskOptions,
  belleEvaluation,
  type BelleTaskOptions,
  ceval,
  type ChoiceTaskOptions,
  cmmlu,
  type NamedTaskOptions,
  TASK_TYPES,
  taskNamed,
  type TaskRef,
} from "./pipeline/stages/evaluation/tasks.ts";
export { choiceOptions } from "./pipeline/stages/evaluation/task_options.ts";
export { type ChoiceFormat } from "./datasets/evaluation/choice_items.ts";
export { heldOutTask, type HeldOutTaskParams } from "./pipeline/stages/evaluation/held_out_task.ts";
export { exportModel, exportOptions, type ExportParams } from "./pipeline/stages/export.ts";
export {
  huggingFace,
  huggingFaceData,
  type HuggingFaceOptions,
  modelNamed,
} from "./pipeline/stages/hub/hugging_face.ts";
export {
  judge,
  type JudgeInputs,
  judgeOptions,
  type JudgeParams,
  judgePromptFile,
} from "./pipeline/stages/evaluation/judge.ts";
export { inputOptions } from "./pipeline/stages/input_options.ts";
export { int8Model, type Int8ModelParams } from "./pipeline/stages/int8_model.ts";
export { loraArgument, loraOptions } from "./pipeline/stages/training/lora_options.ts";
export { merge, mergeOptions, type MergeParams } from "./pipeline/stages/merge.ts";
export {
  adapterFolder,
  embeddedModel,
  embeddedModelPath,
  modelFolder,
  randomModel,
  randomModelOptions,
  type RandomModelParams,
} from "./pipeline/stages/models.ts";
export { packText, packTextOptions, type PackTextParams } from "./pipeline/stages/tokens/pack_text.ts";
export { quantize, quantizeOptions, type QuantizeParams } from "./pipeline/stages/quantize.ts";
export {
  alpaca,
  belle,
  chat,
  guanaco,
  lccc,
  messages,
  rows,
  type RowsOptions,
  type RowsRef,
  sharegpt,
} from "./pipeline/stages/sources.ts";
export { templateOptions } from "./pipeline/stages/tokens/template_options.ts";
export { textModel } from "./pipeline/stages/text_model.ts";
export { tokenize, tokenizeOptions, type TokenizeParams } from "./pipeline/stages/tokens/tokenize.ts";
export { tokenizerOf } from "./pipeline/stages/tokens/tokenizer_of.ts";
export { train, type TrainInputs, type TrainParams } from "./pipeline/stages/train.ts";
export { trainFull, trainFullOptions, type TrainFullParams } from "./pipeline/stages/train_full.ts";
export { trainOptions, trainSettings } from "./pipeline/stages/training/training_params.ts";
export {
  TEMPLATE_NAMES,
  type TemplateName,
  type TemplateOptions,
  type TextTemplateName,
} from "./datasets/templates/templates.ts";
export type { ExportFormat, ExportType } from "./models/export/export_model.ts";
export { COLUMN_NAMES, type ColumnName, type Columns, parseColumns } from "./datasets/formats/columns.ts";
export { parseTemplateKwargs } from "./datasets/templates/chat_template.ts";
export { FORMAT_NAMES, type FormatName } from "./datasets/formats/formats.ts";
export { LITERAL_NEWLINES, type LiteralNewlines } from "./datasets/merging/normalise.ts";
export { TEXT_LANGUAGES as LANGUAGES, type TextLanguage as Language } from "./datasets/merging/language.ts";
export type { DropReason } from "./datasets/merging/filters.ts";
export { TRAIN_ON, type TrainOn } from "./datasets/templates/build_sequence.ts";
export { ROW_FORMS, type RowForm } from "./datasets/embedded/instruction_rows.ts";
export { LORA_TARGETS, type LoraTarget } from "./models/formats/adapter/lora_names.ts";
export type { LlamaConfig, LlamaRopeScaling } from "./models/formats/config.ts";
export type { ConfigRecord } from "./models/formats/config_record.ts";
export type { FamilyName } from "./models/families.ts";
export { ADAPTER_FORMS, type AdapterForm } from "./models/formats/adapter/adapter.ts";
export { type ScheduleName, SCHEDULES } from "./models/training/schedule.ts";
export { EXPORT_FORMATS, EXPORT_TYPES } from "./models/export/export_model.ts";
