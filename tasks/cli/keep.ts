import { type Keep } from "../../pipeline/core/upkeep.ts";
import type { Language } from "./language.ts";
import { messagesIn } from "./messages.ts";
import { UsageError } from "./usage_error.ts";

const HOURS: Readonly<Record<string, number>> = { h: 1, d: 24, w: 24 * 7 };
const SIZES: Readonly<Record<string, number>> = { kb: 1e3, mb: 1e6, gb: 1e9, tb: 1e12 };

/**
 * Reads what a clean-up should keep: `3` runs of each pipeline, what was used within `7d`, or `20GB`.
 *
 * @throws {UsageError} for anything else
 */
export function parseKeep(text: string, language: Language): Keep {
  const [, number = "", unit = ""] = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i.exec(text.trim()) ?? [];
  const value = Number(number);
  const hours = HOURS[unit.toLowerCase()];
  const size = SIZES[unit.toLowerCase()];
  if (number !== "" && unit === "" && Number.isInteger(value)) return { type: "runs", count: value };
  if (number !== "" && hours !== undefined) return { type: "age", ms: value * hours * 3600_000 };
  if (number !== "" && size !== undefined) return { type: "size", bytes: value * size };
  throw new UsageError(messagesIn(language).keepWants(text));
}
