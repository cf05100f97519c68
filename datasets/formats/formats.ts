import { alpacaSchema } from "./alpaca.ts";
import { belleSchema } from "./belle.ts";
import { chatSchema, messagesSchema, sharegptSchema } from "./chat_schemas.ts";
import { guanacoSchema } from "./guanaco.ts";
import { lcccSchema } from "./lccc.ts";
import type { RowSchema } from "./row_fields.ts";

/** Name of a family of data sets whose rows can be read. */
export type FormatName = "alpaca" | "belle" | "guanaco" | "sharegpt" | "messages" | "chat" | "lccc";

/** All names of formats. */
export const FORMAT_NAMES: readonly FormatName[] = [
  "alpaca",
  "belle",
  "guanaco",
  "sharegpt",
  "messages",
  "chat",
  "lccc",
];

/** The schema of each family. */
export const SCHEMAS: Readonly<Record<FormatName, RowSchema>> = {
  alpaca: alpacaSchema,
  belle: belleSchema,
  guanaco: guanacoSchema,
  sharegpt: sharegptSchema,
  messages: messagesSchema,
  chat: chatSchema,
  lccc: lcccSchema,
};

/** Whether a name is the name of a format. */
export function isFormatName(name: string): name is FormatName {
  return (FORMAT_NAMES as readonly string[]).includes(name);
}
