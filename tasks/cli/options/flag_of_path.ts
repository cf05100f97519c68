import { resolve } from "@std/path";
import type { z } from "zod";
import { PipelineError } from "../../../pipeline/core/mod.ts";
import { type Flag, flagsOf } from "./flags.ts";

/** An error about something that is not there, with the flag that named it; any other error as it is. */
export function withFlagOfPath(
  error: unknown,
  schema: z.ZodObject,
  options: Readonly<Record<string, unknown>>,
): unknown {
  if (!(error instanceof PipelineError && error.cause instanceof Deno.errors.NotFound)) return error;
  const given = flagsOf(schema).flatMap((flag) => writtenAs(flag, options[flag.field]));
  const named = given.find(({ path }) => error.message.includes(`${path} `));
  if (named === undefined) return error;
  return new PipelineError(`${error.message}: ${named.written}`, { cause: error.cause, kind: error.kind });
}

/** The paths that a flag may mean, in each form that its values have: PATH or [FORMAT:]PATH[*WEIGHT]. */
function writtenAs({ name }: Flag, value: unknown): { path: string; written: string }[] {
  const texts = [value].flat().filter((text) => typeof text === "string");
  return texts.flatMap((text) =>
    [text, text.replace(/^[\w-]+:/, "").replace(/\*[\d.]+$/, "")].map((path) => ({
      path: resolve(path),
      written: `--${name} ${text}`,
    }))
  );
}
