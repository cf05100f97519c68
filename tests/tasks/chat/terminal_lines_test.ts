import { assert, assertEquals } from "@std/assert";
import { PassThrough, Writable } from "node:stream";
import { type Terminal, TerminalLines } from "../../../tasks/chat/terminal_lines.ts";

/** A terminal whose person is the test. */
function fakeTerminal() {
  let [written, raw] = ["", false];
  const stdin = Object.assign(new PassThrough(), {
    setRawMode(on: boolean) {
      raw = on;
      return stdin;
    },
  });
  const stdout = Object.assign(
    new Writable({
      write(text, _, done) {
        written += text;
        done();
      },
    }),
    { columns: 80 },
  );
  const leaving = new AbortController();
  const lines = new TerminalLines(leaving.signal, { stdin, stdout } as unknown as Terminal);
  return {
    stdin,
    lines,
    leaving,
    state: () => ({ raw, marks: written.lastIndexOf("[?2004h") > written.lastIndexOf("[?2004l") }),
  };
}

const paste = (text: string) => `\x1b[200~${text}\x1b[201~`;

Deno.test("a paste of several lines is one line of its terminal, wherever its bytes are cut", async () => {
  const text = "如果\r\n  if (a)\rreturn ↵;\n\tend";
  for (let cut = 1; cut < 9; cut++) {
    const { stdin, lines } = fakeTerminal();
    const bytes = new TextEncoder().encode(`see: ${paste(text)} ok\r`);
    const line = lines.line("> ");
    stdin.write(bytes.subarray(0, 3 + cut));
    await new Promise((resolve) => setTimeout(resolve, 1));
    stdin.write(bytes.subarray(3 + cut));
    assertEquals(await line, "see: 如果\n  if (a)\nreturn ↵;\n\tend ok", `cut at ${3 + cut}`);
  }
});

Deno.test("what a paste holds of control characters is not obeyed; the line ends that it ends in count for nothing", async () => {
  const { stdin, lines } = fakeTerminal();
  const line = lines.line("> ");
  stdin.write(paste("a\x03b\x04\x1b[Dc\n\n"));
  stdin.write("\r");
  assertEquals(await line, "ab[Dc");
});

Deno.test("lines that were typed ahead are kept for when they are asked for; the arrow keys recall a paste", async () => {
  const { stdin, lines } = fakeTerminal();
  stdin.write(`one\rtwo\n${paste("a\nb")}\r\x1b[A\r`);
  const said: (string | undefined)[] = [];
  for (let i = 0; i < 4; i++) said.push(await lines.line("> "));
  assertEquals(said, ["one", "two", "a\nb", "a\nb"]);
});

Deno.test("the terminal marks pastes while a line is asked for and no longer, however the asking ends", async () => {
  const { stdin, lines, leaving, state } = fakeTerminal();
  for (
    const end of [() => stdin.write("\r"), () => stdin.write("\x03"), () => stdin.write("\x04"), () => leaving.abort()]
  ) {
    const line = lines.line("> ");
    assertEquals(state(), { raw: true, marks: true });
    end();
    await line;
    assertEquals(state(), { raw: false, marks: false });
  }
  assert(leaving.signal.aborted);
});
