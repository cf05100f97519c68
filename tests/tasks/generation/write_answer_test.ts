import { assertEquals } from "@std/assert";
import { writeAnswer } from "../../../tasks/generation/write_answer.ts";

const answer = "a\tb\n\x1b[2Jc\r\x9b驼\u200f";

/** An output that takes three bytes at a time; gives what it got. */
async function written(text: string, terminal: boolean): Promise<string> {
  const got: number[] = [];
  await writeAnswer(text, {
    isTerminal: () => terminal,
    write: (bytes) => {
      got.push(...bytes.subarray(0, 3));
      return Promise.resolve(Math.min(3, bytes.length));
    },
  });
  return new TextDecoder().decode(Uint8Array.from(got));
}

Deno.test("a model's answer tells a terminal nothing but text, lines and tabs", async () => {
  assertEquals(await written(answer, true), "a\tb\n\ufffd[2Jc\ufffd\ufffd驼\u200f");
});

Deno.test("a file or a pipe gets a model's answer as it is, to the last byte", async () => {
  assertEquals(await written(answer, false), answer);
});
