import { z } from "zod";

/** What one value of a flag may be. */
export type ScalarType = "number" | "string" | "boolean";

/** A flag of the command line, made from one field of an options schema. */
export interface Flag {
  /** The field, such as `maxTokens`. */
  readonly field: string;
  /** Name of the flag without dashes before it, such as `max-tokens`. */
  readonly name: string;
  /** Further names that are accepted. */
  readonly aliases: readonly string[];
  /** Types that a value may have; `boolean` alone makes a switch. */
  readonly types: readonly ScalarType[];
  /** All allowed values, if they are few and known. */
  readonly choices?: readonly (string | number)[];
  /** Whether the flag may be given several times, and makes an array. */
  readonly list: boolean;
  /** What it does. Of a switch that is on by default, what `--no-…` does: that is the form which the help shows. */
  readonly description: string;
  /** Value when the flag is not given. */
  readonly default?: unknown;
  /** Whether the flag must be given. */
  readonly required: boolean;
}

/** A field of a schema that no flag can stand for. */
export class UnsupportedFieldError extends Error {
  override readonly name: string = "UnsupportedFieldError";

  /** Names the field and what it is. */
  constructor(readonly field: string, readonly found: string) {
    super(`option ${field} cannot become a flag: it is ${found}`);
  }
}

interface JsonSchema {
  type?: string | string[];
  enum?: unknown[];
  const?: unknown;
  anyOf?: JsonSchema[];
  items?: JsonSchema;
  properties?: Record<string, JsonSchema>;
  required?: string[];
  description?: string;
  default?: unknown;
  aliases?: unknown;
}

/** What the options of a schema say, in one language. */
export type OptionTexts<Schema extends z.ZodObject> = { readonly [Name in keyof z.output<Schema> & string]: string };

/**
 * The flags of an options schema, in the order of its fields. Defaults come from the schema, further names from
 * `.meta({ aliases: ["lora_r"] })`, descriptions from `texts`, or without them from the schema, which has the English ones.
 *
 * @throws {UnsupportedFieldError} for nested objects and whatever else a flag cannot say.
 */
export function flagsOf<Schema extends z.ZodObject>(schema: Schema, texts?: OptionTexts<Schema>): Flag[] {
  const described: Readonly<Record<string, string>> = texts ?? {};
  const json = z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }) as JsonSchema;
  return Object.entries(json.properties ?? {}).map(([field, property]) => {
    const list = typesIn(property).includes("array");
    const scalar = readScalar(field, list ? property.items ?? {} : property);
    const aliases = Array.isArray(property.aliases)
      ? property.aliases.filter((alias) => typeof alias === "string")
      : [];
    return {
      field,
      name: kebabCase(field),
      aliases: aliases.map(kebabCase),
      ...scalar,
      list,
      description: described[field] ?? property.description ?? "",
      ...(property.default === undefined ? {} : { default: property.default }),
      required: json.required?.includes(field) ?? false,
    };
  });
}

/** `maxTokens` and `max_tokens` as a flag: `max-tokens`. */
export function kebabCase(name: string): string {
  return name.replaceAll("_", "-").replace(/([a-z0-9])([A-Z])/g, "$1-$2").toLowerCase();
}

/** Says whether a flag is a switch, given without a value. */
export function isSwitch(flag: Flag): boolean {
  return !flag.list && flag.types.length === 1 && flag.types[0] === "boolean";
}

function readScalar(field: string, schema: JsonSchema): Pick<Flag, "types" | "choices"> {
  const types = new Set<ScalarType>();
  const choices: (string | number)[] = [];
  let open = false;
  for (const branch of schema.anyOf ?? [schema]) {
    const values = branch.const === undefined ? branch.enum : [branch.const];
    for (const type of typesIn(branch)) {
      if (type === "null") continue;
      const scalar = type === "integer" ? "number" : type;
      if (scalar !== "number" && scalar !== "string" && scalar !== "boolean") {
        throw new UnsupportedFieldError(field, type === "object" ? "a nested object" : `of type ${type}`);
      }
      types.add(scalar);
    }
    if (values === undefined) open = true;
    else choices.push(...values.filter((value) => typeof value === "string" || typeof value === "number"));
  }
  if (types.size === 0) throw new UnsupportedFieldError(field, "of a type that JSON does not have");
  return { types: [...types], ...(open || choices.length === 0 ? {} : { choices }) };
}

function typesIn(schema: JsonSchema): string[] {
  return schema.type === undefined ? [] : [schema.type].flat();
}
