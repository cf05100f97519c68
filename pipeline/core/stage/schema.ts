import { z as zod } from "zod";

/** Zod, for the options of pipelines and the params of stages: `z.object({ epochs: z.number().default(3) })`. */
export const z: typeof zod = zod;

/** What every zod schema says about itself, as far as types go. */
export interface AnySchema {
  /** The input and output types of the schema. */
  readonly _zod: { readonly input: unknown; readonly output: unknown };
}

/** The types of zod that pipelines and stages have need of. */
export declare namespace z {
  /** What a schema gives, defaults filled in. */
  type output<T extends AnySchema> = T["_zod"]["output"];
  /** What a schema gives, defaults filled in. */
  type infer<T extends AnySchema> = T["_zod"]["output"];
  /** What a schema accepts. */
  type input<T extends AnySchema> = T["_zod"]["input"];
  /** The schema of an object. */
  type ZodObject = zod.ZodObject;
}
