/**
 * Teaches a LLaMA-family model to follow instructions on one GPU, as a pipeline of cached stages. This is what a
 * pipeline file imports: `import { belle, merge, pipeline, z } from "vicuna"`.
 *
 * `train` makes a LoRA adapter of a frozen base. What other tools call `method: "full"`, training all weights, is
 * `trainFull`: its result is a model folder, and it begins with one, `modelFolder(path)` or, for `init: "random"`,
 * `randomModel`.
 *
 * @module
 */

export * from "./pipeline/core/mod.ts";
export * from "./pipeline/stages/kinds.ts";
export { embeddedSamples, type EmbeddedSamplesParams, embeddedTask } from "./pipeline/stages/embedded_samples.ts";
export { embeddedText, type EmbeddedTextParams } from "./pipeline/stages/embedded_text.ts";
export { evaluate, type EvaluateInputs, type EvaluateParams } from "./pipeline/stages/evaluate.ts";
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
export { type ChoiceFormat } from "./datasets/evaluation/choice_items.ts";
export { heldOutTask, type HeldOutTaskParams } from "./pipeline/stages/held_out_task.ts";
export { exportModel, type ExportParams } from "./pipeline/stages/export.ts";
export { huggingFace, huggingFaceData, type HuggingFaceOptions, modelNamed } from "./pipeline/stages/hugging_face.ts";
export { judge, type JudgeInputs, type JudgeParams, judgePromptFile } from "./pipeline/stages/judge.ts";
export { int8Model, type Int8ModelParams } from "./pipeline/stages/int8_model.ts";
export { merge, type MergeParams } from "./pipeline/stages/merge.ts";
export {
  adapterFolder,
  embeddedModel,
  embeddedModelPath,
  modelFolder,
  randomModel,
  type RandomModelParams,
} from "./pipeline/stages/models.ts";
export { packText, type PackTextParams } from "./pipeline/stages/pack_text.ts";
export { quantize, type QuantizeParams } from "./pipeline/stages/quantize.ts";
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
export { textModel } from "./pipeline/stages/text_model.ts";
export { tokenize, type TokenizeParams } from "./pipeline/stages/tokenize.ts";
export { tokenizerOf } from "./pipeline/stages/tokenizer_of.ts";
export { train, type TrainInputs, type TrainParams } from "./pipeline/stages/train.ts";
export { trainFull, type TrainFullParams } from "./pipeline/stages/train_full.ts";
export {
  TEMPLATE_NAMES,
  type TemplateName,
  type TemplateOptions,
  type TextTemplateName,
} from "./datasets/templates.ts";
export type { ExportFormat, ExportType } from "./models/export/export_model.ts";
export { COLUMN_NAMES, type ColumnName, type Columns, parseColumns } from "./datasets/columns.ts";
export { parseTemplateKwargs } from "./datasets/chat_template.ts";
export { FORMAT_NAMES, type FormatName } from "./datasets/formats.ts";
export { LITERAL_NEWLINES, type LiteralNewlines } from "./datasets/normalise.ts";
export { type Language, LANGUAGES } from "./datasets/language.ts";
export type { DropReason } from "./datasets/filters.ts";
export { TRAIN_ON, type TrainOn } from "./datasets/build_sequence.ts";
export { ROW_FORMS, type RowForm } from "./datasets/embedded/instruction_rows.ts";
export { LORA_TARGETS, type LoraTarget } from "./models/formats/lora_names.ts";
export type { LlamaConfig, LlamaRopeScaling } from "./models/formats/config.ts";
export type { ConfigRecord } from "./models/formats/config_record.ts";
export type { FamilyName } from "./models/families.ts";
export { ADAPTER_FORMS, type AdapterForm } from "./models/formats/adapter.ts";
export { type ScheduleName, SCHEDULES } from "./models/schedule.ts";
export type { StepParams } from "./pipeline/stages/training_params.ts";
export { EXPORT_FORMATS, EXPORT_TYPES } from "./models/export/export_model.ts";
