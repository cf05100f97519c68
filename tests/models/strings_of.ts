/** Every string in a JSON or JSON Lines file. */
export function* stringsOf(path: string): Generator<string> {
  const text = Deno.readTextFileSync(path);
  const isWhole = text.startsWith("[") || text.startsWith("{\n");
  const documents = isWhole ? [text] : text.split("\n").filter((line) => line.trim() !== "");
  const open: unknown[] = documents.map((document) => JSON.parse(document));
  while (open.length > 0) {
    const value = open.pop();
    if (typeof value === "string") yield value;
    else if (typeof value === "object" && value !== null) open.push(...Object.values(value));
  }
}
