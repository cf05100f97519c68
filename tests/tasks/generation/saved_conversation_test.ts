import { assertEquals, assertThrows } from "@std/assert";
import {
  readConversation,
  type SavedConversation,
  SavedFormatError,
  writeConversation,
} from "../../../tasks/generation/saved_conversation.ts";

const saved: SavedConversation = {
  head: {
    ...{ type: "conversation", format: 1, mode: "chat", model: "llama", savedAt: "2026-11-24T12:00:00.000Z" },
    params: { numbers: { temperature: 0.1 }, doSample: true },
  },
  turns: [
    { type: "turn", instruction: "你好\n吗", input: "", answers: [{ adapter: null, text: "好。" }] },
    {
      ...{ type: "turn", instruction: "And?", input: "a text" },
      answers: [{ adapter: "tiny", text: "" }, { adapter: null, text: "\u2028 is no end of a line" }],
    },
  ],
};

Deno.test("a conversation is the same after it was saved and read", () => {
  const text = writeConversation(saved);
  assertEquals(text.split("\n").length, 4, "a line each, and the end of the last");
  assertEquals(readConversation(text), saved);
  assertEquals(readConversation(text.replaceAll("\n", "\r\n")), saved);
});

Deno.test("a file that is no saved conversation is refused with the line at fault", () => {
  const [head, turn] = writeConversation(saved).split("\n");
  const cases: [string, number][] = [
    ["", 1],
    ["not JSON", 1],
    ['{"type":"conversation","format":2}', 1],
    [`${head}\n{"type":"turn"}`, 2],
    [`${head}\n${turn}\n${turn?.slice(0, -3)}`, 3],
    [`${head}\n{"type":"turn","instruction":"a","answers":[{"text":1}]}`, 2],
  ];
  for (const [text, line] of cases) {
    const error = assertThrows(() => readConversation(text), SavedFormatError);
    assertEquals(error.line, line, text);
  }
});
