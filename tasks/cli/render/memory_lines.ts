import type { MemoryUse } from "../../../pipeline/core/mod.ts";
import type { Messages } from "../messages.ts";

/** Bytes in decimal units, as graphics cards are sold: `7.37 GB`, `12.4 MB`. */
export function formatBytes(bytes: number): string {
  const [unit, size] = bytes >= 1e9 ? ["GB", 1e9] as const : bytes >= 1e6 ? ["MB", 1e6] as const : ["kB", 1e3] as const;
  const value = bytes / size;
  return `${value < 100 ? Number(value.toPrecision(3)) : Math.round(value)} ${unit}`;
}

/** What a stage takes of the GPU's memory: the sum, its parts, and what was chosen so that it fits. */
export function memoryLines(memory: MemoryUse, messages: Messages): string[] {
  const { categories, total, limit, source, choices } = memory;
  const parts = Object.entries(categories)
    .filter(([, bytes]) => bytes > 0)
    .map(([name, bytes]) => `${messages.memoryCategory(name)} ${formatBytes(bytes)}`);
  const chosen = Object.entries(choices).filter(([, value]) => value > 0).map(([name, value]) =>
    messages.memoryChoice(name, value)
  );
  return [
    messages.memory(formatBytes(total), formatBytes(limit), source && messages.memorySource(source)),
    parts.join(" · "),
    chosen.join(" · "),
  ]
    .filter((line) => line !== "");
}
