import type { Renderer } from "./renderer.ts";

/** One event a line, as JSON, and nothing else. */
export function jsonRenderer(write: (line: string) => void): Renderer {
  return { show: (event) => write(JSON.stringify(event)), close: () => {} };
}
