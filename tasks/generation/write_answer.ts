// A model may write what a terminal would obey. Marks of direction stay: text of right-to-left scripts needs them.
const OBEYED = /[^\P{Cc}\n\t]/gu;

/**
 * Writes a model's text to standard output: to a file or a pipe as it is, to a terminal with U+FFFD for each control character
 * but line feed and tab.
 */
export async function writeAnswer(
  text: string,
  output: Pick<typeof Deno.stdout, "isTerminal" | "write"> = Deno.stdout,
): Promise<void> {
  const shown = output.isTerminal() ? text.replaceAll(OBEYED, "\ufffd") : text;
  for (let bytes = new TextEncoder().encode(shown); bytes.length > 0;) {
    bytes = bytes.subarray(await output.write(bytes));
  }
}
