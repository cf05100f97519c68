import { closestString } from "@std/text/closest-string";
import { z } from "./schema.ts";
import { StageArgumentError } from "../errors.ts";
import { cloneJson, findJsonFault, isPlainObject, type JsonObject } from "../json.ts";
import type { AnyKind } from "./kind.ts";
import { type AnyRef, isRef, REF, type StageNode } from "./ref.ts";
import type { InputDeclaration, StageSpec } from "./stage_spec.ts";

/** Sorts the flat arguments of a call into inputs, params and settings, validates all, and fills in defaults. */
export function resolveArguments(stage: StageSpec, args: unknown): Pick<StageNode, "inputs" | "params" | "settings"> {
  if (!isPlainObject(args)) {
    throw new StageArgumentError(`calling ${stage.name}: wanted one object of arguments, found ${describe(args)}`);
  }
  const known = [stage.inputs, stage.params.shape, stage.settings.shape].flatMap((fields) => Object.keys(fields));
  for (const name of Object.keys(args)) {
    if (!known.includes(name)) throw unknownArgument(stage, name, known);
  }
  return {
    inputs: resolveInputs(stage, args),
    params: resolveFields(stage, stage.params, args),
    settings: resolveFields(stage, stage.settings, args),
  };
}

function resolveInputs(stage: StageSpec, args: Record<string, unknown>): StageNode["inputs"] {
  const inputs: Record<string, AnyRef | readonly AnyRef[]> = {};
  for (const [name, declaration] of Object.entries(stage.inputs)) {
    const where = `calling ${stage.name}: input ${name}`;
    const given = args[name];
    if (given === undefined && formOf(declaration) === "optional") continue;
    if (given === undefined && "mayBeLeftOut" in declaration) {
      inputs[name] = [];
    } else if (formOf(declaration) === "list") {
      if (!Array.isArray(given)) {
        throw new StageArgumentError(
          `${where} wants an array of ${kindOf(declaration).name}, found ${describe(given)}`,
        );
      }
      inputs[name] = given.map((item, i) => expectRef(item, kindOf(declaration), `${where}[${i}]`));
    } else {
      inputs[name] = expectRef(given, kindOf(declaration), where);
    }
  }
  return inputs;
}

function formOf(declaration: InputDeclaration): "one" | "list" | "optional" {
  return "form" in declaration ? declaration.form : "one";
}

function kindOf(declaration: InputDeclaration): AnyKind {
  return "form" in declaration ? declaration.kind : declaration;
}

function expectRef(value: unknown, kind: AnyKind, where: string): AnyRef {
  if (!isRef(value)) {
    throw new StageArgumentError(
      `${where} wants the result of a stage or an input (${kind.name}), found ${describe(value)}`,
    );
  }
  const found = value[REF].kind;
  if (found.name !== kind.name) throw new StageArgumentError(`${where} wants ${kind.name}, found ${found.name}`);
  return value;
}

function resolveFields(stage: StageSpec, schema: z.ZodObject, args: Record<string, unknown>): JsonObject {
  const given: Record<string, unknown> = {};
  for (const name of Object.keys(schema.shape)) {
    if (args[name] !== undefined) given[name] = args[name];
  }
  const parsed = schema.safeParse(given);
  if (!parsed.success) {
    throw new StageArgumentError(`calling ${stage.name}: arguments do not fit\n${z.prettifyError(parsed.error)}`);
  }
  const fault = findJsonFault(parsed.data);
  if (fault !== undefined) {
    throw new StageArgumentError(
      `calling ${stage.name}: ${fault.path} must be plain JSON (it enters the key), found ${fault.found}`,
    );
  }
  const dropped = findDropped(given, parsed.data);
  if (dropped !== undefined) throw unknownArgument(stage, dropped.path, dropped.known);
  return cloneJson(parsed.data) as JsonObject;
}

/** A nested object schema drops fields that it does not know; that would turn a misspelt field into its default. */
function findDropped(given: unknown, parsed: unknown, path = ""): { path: string; known: string[] } | undefined {
  if (Array.isArray(given) && Array.isArray(parsed)) {
    for (let i = 0; i < given.length; i++) {
      const found = findDropped(given[i], parsed[i], `${path}[${i}]`);
      if (found !== undefined) return found;
    }
    return undefined;
  }
  if (!isPlainObject(given) || !isPlainObject(parsed)) return undefined;
  for (const [name, value] of Object.entries(given)) {
    const inner = path === "" ? name : `${path}.${name}`;
    if (value === undefined) continue;
    if (!(name in parsed)) {
      return {
        path: inner,
        known: Object.keys(parsed).map((key) => path === "" ? key : `${path}.${key}`),
      };
    }
    const found = findDropped(value, parsed[name], inner);
    if (found !== undefined) return found;
  }
  return undefined;
}

function unknownArgument(stage: StageSpec, name: string, known: readonly string[]): StageArgumentError {
  const hint = known.length === 0 ? "it takes none" : `did you mean ${closestString(name, known)}?`;
  return new StageArgumentError(`calling ${stage.name}: unknown argument ${name}: ${hint}`);
}

function describe(value: unknown): string {
  if (value === undefined) return "nothing";
  if (value === null) return "null";
  if (Array.isArray(value)) return "an array";
  if (isRef(value)) return `a ref of ${value[REF].kind.name}`;
  return typeof value === "object" ? "an object" : `the ${typeof value} ${JSON.stringify(value) ?? String(value)}`;
}
