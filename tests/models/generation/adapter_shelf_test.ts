import { assertEquals, assertThrows } from "@std/assert";
import { AdapterShelf } from "../../../models/generation/adapter_shelf.ts";
import type { Lora } from "../../../models/training/lora.ts";

/** An adapter that says when it is closed. */
function fakeLora(name: string, log: string[]): Lora {
  return { close: () => log.push(`close ${name}`) } as unknown as Lora;
}

Deno.test("an adapter that is taken off is freed when its last user gives it back, and not before", async () => {
  const log: string[] = [];
  const shelf = new AdapterShelf(() => log.push("free"));
  shelf.put("a", fakeLora("first", log), true);
  const [one, two] = [shelf.use("a"), shelf.use("a")];
  shelf.put("a", fakeLora("second", log), true);
  assertEquals(shelf.use("a")?.lora === one?.lora, false);
  shelf.release(one);
  assertEquals(log, []);
  const removed = shelf.remove("a").then(() => log.push("settled"));
  shelf.release(two);
  assertEquals(log, ["free", "close first"]);
  assertThrows(() => shelf.use("a"), RangeError, "no adapter named a");
  await Promise.resolve();
  assertEquals(log.length, 2, "the second one is still in use");
  shelf.put("borrowed", fakeLora("borrowed", log), false);
  await shelf.remove("borrowed");
  assertEquals(log.slice(2), ["free"], "what stays the caller's is not closed");
  await shelf.remove("unknown");
  void removed;
});
