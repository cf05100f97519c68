import type { Messages } from "../messages.ts";
import { jsonRenderer } from "./render_json.ts";
import { PlainRenderer } from "./render_plain.ts";
import { TerminalRenderer } from "./render_terminal.ts";
import type { Renderer } from "./renderer.ts";
import { visibleRecord } from "./visible.ts";

/** The renderer for where the output goes: JSON lines if asked for, a live line on a terminal, else plain lines. */
export function chooseRenderer(json: boolean, messages: Messages): Renderer {
  const line = (text: string) => console.log(text);
  if (json) return jsonRenderer(line);
  if (!Deno.stdout.isTerminal()) return withVisibleNames(new PlainRenderer(line, messages));
  const encoder = new TextEncoder();
  const write = (text: string) => {
    const bytes = encoder.encode(text);
    for (let at = 0; at < bytes.length;) at += Deno.stdout.writeSync(bytes.subarray(at));
  };
  return withVisibleNames(new TerminalRenderer({ write, columns }, messages));
}

/** A renderer that gets no character in names which a terminal would obey. */
function withVisibleNames(renderer: Renderer): Renderer {
  return { show: (event) => renderer.show(visibleRecord(event, Deno.args)), close: () => renderer.close() };
}

/** Some terminals report no columns. */
function columns(): number {
  try {
    return Deno.consoleSize().columns || 80;
  } catch {
    return 80;
  }
}
