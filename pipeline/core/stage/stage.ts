import { z } from "./schema.ts";
import type { InputRefs } from "./input_refs.ts";
import type { AnyKind, MetaOf } from "./kind.ts";
import type { Ref } from "./ref.ts";
import { makeRef } from "./ref.ts";
import { resolveArguments } from "./stage_arguments.ts";
import type {
  Foresight,
  ForesightContext,
  InputDeclarations,
  NetworkUse,
  PinContext,
  StageCode,
  StageContext,
  StageSpec,
} from "./stage_spec.ts";

/** A schema without fields: the default for params and settings. */
export type NoFields = z.ZodObject & { readonly shape: Record<never, never> };

/** What a call may pass for the fields of a schema: those with a default may be left out. */
export type FieldsInput<P extends z.ZodObject> = keyof P["shape"] extends never ? unknown : z.input<P>;

/** What {@link defineStage} is given. */
export type StageDefinition<
  I extends InputDeclarations,
  P extends z.ZodObject,
  S extends z.ZodObject,
  O extends AnyKind,
> = StageCodeDeclaration & {
  /** Names the stage in messages and in the cache: letters, digits, `-` and `_`. */
  readonly name: string;
  /** What flows in. A kind, `list(kind)` or `optional(kind)` each. */
  readonly inputs: I;
  /** What decides the result, besides the inputs and the code. Enters the key, with defaults filled in. */
  readonly params?: P;
  /** What does not change the result: numbers of workers, log intervals. Stays out of the key. */
  readonly settings?: S;
  /** What flows out. */
  readonly output: O;
  /** Computes the result: writes files below `output.dir` and returns the meta of the output's kind. */
  run(context: StageContext<I, z.output<P>, z.output<S>>): Promise<MetaOf<O>> | MetaOf<O>;
  /** Environment variables that decide the result: their values enter the key. No other may be read. */
  readonly environment?: readonly string[];
  /** Whether the version of Deno decides the result; it then enters the key. Default false. */
  readonly denoVersion?: boolean;
  /**
   * Inputs whose large files `run` compares itself with the SHA-256 in `inputs.NAME.files` while it reads them, throwing
   * a {@link DamagedInputError} where they differ, so that they need not be read twice.
   */
  readonly verifies?: readonly (keyof I & string)[];
  /**
   * What it may reach in the strict mode, which else lets nobody out. What comes from there must be decided by the params
   * (a commit, not a branch) and be verified, for nothing of this enters the key.
   */
  readonly network?: NetworkUse;
  /**
   * Finds out, quickly, what the result depends on outside this machine, such as the commit that a branch stands for.
   * What it returns takes the place of params of the same names, in the key and in `run`. Asked when planning, too.
   */
  pin?(context: PinContext<z.output<P>>): Promise<Partial<z.output<P>>> | Partial<z.output<P>>;
  /**
   * Tells, quickly and without computing, what can be known before the stage runs: for plans. Left out, nothing is told.
   * What it throws is shown beside the stage in the plan.
   */
  foresee?(
    context: ForesightContext<I, z.output<P>, z.output<S>>,
  ): Promise<Foresight<MetaOf<O>>> | Foresight<MetaOf<O>>;
};

/** How a stage says which code it is: exactly one of the two. */
export type StageCodeDeclaration =
  | {
    /** A number to raise whenever the result may differ. A test watches over the stages of this package. */
    readonly version: number;
    readonly module?: never;
  }
  | {
    /** `import.meta.url`: the module and all local modules that it imports identify the stage. */
    readonly module: string;
    readonly version?: never;
  };

/** A stage to call in a pipeline: takes refs for its inputs and its params, all in one object; gives a ref. */
export interface Stage<I extends InputDeclarations, Args, O extends AnyKind> {
  /**
   * Adds the stage to the pipeline. Nothing is computed yet.
   *
   * @throws {StageArgumentError} for a missing, unknown or unfit argument; it names the line of the call.
   */
  (args: Simplify<InputRefs<I> & Args>): Ref<O>;
  /** The stage itself, types erased. */
  readonly spec: StageSpec;
}

type PinOfSpec = NonNullable<StageSpec["pin"]>;
type ForeseeOfSpec = NonNullable<StageSpec["foresee"]>;

/** Shows an intersection as one object type, so that messages of the compiler stay readable. */
export type Simplify<T> = { [K in keyof T]: T[K] };

/**
 * Defines a stage: a step of a pipeline whose result is kept in the cache. The same inputs, params and code give the
 * same key, and a key that is in the cache is not computed again. So `run` must depend on nothing else.
 *
 * @throws {TypeError} when the definition itself is wrong.
 *
 * @example A stage that leaves rows out; `examples/own_stage.ts` has a whole pipeline with one
 * ```ts
 * import { dataset, defineStage, z } from "vicuna";
 *
 * export const shortest = defineStage({
 *   name: "shortest",
 *   module: import.meta.url,
 *   inputs: { data: dataset },
 *   params: z.object({ rows: z.number().int().default(100) }),
 *   output: dataset,
 *   async run({ inputs: { data }, params, output }) {
 *     const lines = (await Deno.readTextFile(`${data.dir}/train.jsonl`)).trimEnd().split("\n");
 *     const kept = lines.sort((a, b) => a.length - b.length).slice(0, params.rows);
 *     await Deno.writeTextFile(`${output.dir}/train.jsonl`, kept.join("\n") + "\n");
 *     await Deno.copyFile(`${data.dir}/validation.jsonl`, `${output.dir}/validation.jsonl`);
 *     return { ...data.meta, train: kept.length };
 *   },
 * });
 * ```
 */
export function defineStage<
  const I extends InputDeclarations,
  O extends AnyKind,
  P extends z.ZodObject = NoFields,
  S extends z.ZodObject = NoFields,
>(definition: StageDefinition<I, P, S, O>): Stage<I, FieldsInput<P> & FieldsInput<S>, O> {
  const spec: StageSpec = Object.freeze({
    name: definition.name,
    code: codeOf(definition),
    inputs: definition.inputs,
    params: definition.params ?? z.object({}),
    settings: definition.settings ?? z.object({}),
    output: definition.output,
    environment: (definition.environment ?? []).toSorted(),
    denoVersion: definition.denoVersion ?? false,
    verifies: definition.verifies ?? [],
    ...(definition.network && { network: definition.network }),
    run: definition.run.bind(definition) as unknown as StageSpec["run"],
    ...(definition.pin && { pin: definition.pin.bind(definition) as unknown as PinOfSpec }),
    ...(definition.foresee && { foresee: definition.foresee.bind(definition) as unknown as ForeseeOfSpec }),
  });
  checkDefinition(spec);
  const call = (args: Record<string, unknown>): Ref<O> =>
    makeRef(definition.output, { type: "stage", stage: spec, ...resolveArguments(spec, args) });
  return Object.assign(call, { spec }) as Stage<I, FieldsInput<P> & FieldsInput<S>, O>;
}

function codeOf(declaration: StageCodeDeclaration): StageCode {
  const { version, module } = declaration;
  if (version !== undefined && module === undefined) return { type: "version", version };
  if (module !== undefined && version === undefined) return { type: "module", url: module };
  throw new TypeError("defining a stage: give either `version` or `module: import.meta.url`");
}

function checkDefinition({ name, code, inputs, params, settings }: StageSpec): void {
  const fail = (problem: string) => new TypeError(`defining stage ${JSON.stringify(name)}: ${problem}`);
  if (!/^[A-Za-z][A-Za-z0-9_-]{0,63}$/.test(name)) {
    throw fail("the name must be 1 to 64 letters, digits, - or _, and begin with a letter");
  }
  if (code.type === "version" && !(Number.isSafeInteger(code.version) && code.version >= 1)) {
    throw fail(`the version must be a whole number from 1, found ${code.version}`);
  }
  if (code.type === "module" && !code.url.startsWith("file://")) {
    throw fail(`module must be the URL of a local file (import.meta.url), found ${code.url}`);
  }
  const owners = new Map<string, string>();
  for (const [owner, fields] of Object.entries({ inputs, params: params.shape, settings: settings.shape })) {
    for (const field of Object.keys(fields)) {
      const other = owners.get(field);
      if (other !== undefined) throw fail(`${field} is declared in ${other} and in ${owner}`);
      owners.set(field, owner);
    }
  }
}
