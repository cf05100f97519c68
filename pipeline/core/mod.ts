/**
 * What a stage is, how stages are wired to a pipeline, and how a pipeline runs: keys, the store of results, locking,
 * and the reason for everything that is computed. Knows no GPU, no model, no text.
 *
 * @module
 */
export { copyTargets, type TargetsResult } from "./copy_targets.ts";
export { DamagedInputError, DamagedTargetError, PipelineError, StageArgumentError } from "./errors.ts";
export type { PipelineEvent, StageStatus } from "./events.ts";
export { type Change, describeChange, describeReason, type Reason } from "./explain.ts";
export type { InputRefs, RefOf, RequiredInputs } from "./input_refs.ts";
export { inputFile, inputFolder, type InputFolderOptions } from "./inputs.ts";
export type { Json, JsonObject } from "./json.ts";
export {
  type AnyKind,
  type Kind,
  kind,
  type KindMaker,
  type KindParts,
  type META,
  type MetaOf,
  type MetaWithParts,
  type NoParts,
  type PartsOf,
} from "./kind.ts";
export {
  type AnyPipeline,
  isPipeline,
  type PIPELINE,
  type Pipeline,
  pipeline,
  type PipelineDefinition,
  type Targets,
} from "./pipeline.ts";
export type { Expectation } from "./foresight.ts";
export { type Plan, type PlannedStage, planPipeline } from "./plan.ts";
export { type AnyRef, type LeafNode, type Node, type REF, type Ref, type RefTarget, type StageNode } from "./ref.ts";
export { type MetaOfRef, type RunOptions, runPipeline, type RunResult, type TargetResult } from "./run.ts";
export type { Isolation } from "./isolation.ts";
export type { RemoteOptions } from "./remote_cache.ts";
export { pickOptions } from "./pick_options.ts";
export type { StageResult } from "./stage_result.ts";
export { PipelineOptionsError, type SessionOptions } from "./session.ts";
export {
  defineStage,
  type FieldsInput,
  type NoFields,
  type Simplify,
  type Stage,
  type StageCodeDeclaration,
  type StageDefinition,
} from "./stage.ts";
export {
  type ForeseenInput,
  type ForeseenInputs,
  type Foresight,
  type ForesightContext,
  type InputDeclaration,
  type InputDeclarations,
  type InputFile,
  list,
  type ListInput,
  type MemoryUse,
  type NetworkUse,
  optional,
  type OptionalInput,
  optionalList,
  type OptionalListInput,
  type PinContext,
  type Progress,
  type StageCode,
  type StageContext,
  type StageInput,
  type StageInputs,
  type StageOutput,
  type StageSpec,
} from "./stage_spec.ts";
export { type AnySchema, z } from "./schema.ts";
