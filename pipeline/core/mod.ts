/**
 * What a stage is, how stages are wired to a pipeline, and how a pipeline runs: keys, the store of results, locking,
 * and the reason for everything that is computed. Knows no GPU, no model, no text.
 *
 * @module
 */
export { copyTargets, type TargetsResult } from "./records/copy_targets.ts";
export { DamagedInputError, DamagedTargetError, PipelineError, StageArgumentError } from "./errors.ts";
export type { PipelineEvent, StageStatus } from "./events.ts";
export { type Change, describeChange, describeReason, type Reason } from "./explain.ts";
export type { InputRefs, RefOf, RequiredInputs } from "./stage/input_refs.ts";
export { inputFile, inputFolder, type InputFolderOptions } from "./stage/inputs.ts";
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
} from "./stage/kind.ts";
export {
  type AnyPipeline,
  isPipeline,
  type PIPELINE,
  type Pipeline,
  pipeline,
  type PipelineDefinition,
  type PipelineTexts,
  type Targets,
} from "./stage/pipeline.ts";
export type { Expectation } from "./run/foresight.ts";
export { type Plan, type PlannedStage, planPipeline } from "./run/plan.ts";
export {
  type AnyRef,
  type LeafNode,
  type Node,
  type REF,
  type Ref,
  type RefTarget,
  type StageNode,
} from "./stage/ref.ts";
export { type MetaOfRef, type RunOptions, runPipeline, type RunResult, type TargetResult } from "./run/run.ts";
export type { Isolation } from "./run/isolation.ts";
export type { RemoteOptions } from "./store/remote_cache.ts";
export { pickOptions } from "./stage/pick_options.ts";
export type { StageResult } from "./stage/stage_result.ts";
export { PipelineOptionsError, type SessionOptions } from "./run/session.ts";
export {
  defineStage,
  type FieldsInput,
  type NoFields,
  type Simplify,
  type Stage,
  type StageCodeDeclaration,
  type StageDefinition,
} from "./stage/stage.ts";
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
} from "./stage/stage_spec.ts";
export { type AnySchema, z } from "./stage/schema.ts";
