import { assertEquals, assertRejects } from "@std/assert";
import { type BenchProgress, measurePieces, type Piece } from "../../../tasks/bench/pieces.ts";
import { progressLine } from "../../../tasks/bench/tables.ts";

/** A machine three times as slow as expected, by a clock of its own. */
function slowMachine() {
  let time = 1000;
  const piece = (part: Piece["part"], name: string, seconds: number): Piece => ({
    part,
    name,
    seconds,
    measure: () => {
      time += 3000 * seconds;
      return Promise.resolve();
    },
  });
  return { pieces: [piece("kernels", "a", 2), piece("kernels", "b", 4), piece("steps", "c", 10)], now: () => time };
}

Deno.test("a bench tells of each piece what is left, by what the pieces so far took, and of each part that is done", async () => {
  const { pieces, now } = slowMachine();
  const told: (BenchProgress | string)[] = [];
  const observer = { begin: (p: BenchProgress) => told.push(p), done: (part: string) => told.push(part) };
  await measurePieces(pieces, observer, new AbortController().signal, now);
  assertEquals(told, [
    { part: "kernels", name: "a", number: 1, pieces: 3, leftMs: 16_000 },
    { part: "kernels", name: "b", number: 2, pieces: 3, leftMs: 42_000 },
    "kernels",
    { part: "steps", name: "c", number: 3, pieces: 3, leftMs: 30_000 },
    "steps",
  ]);
});

Deno.test("a bench that is stopped begins no other piece", async () => {
  const { pieces, now } = slowMachine();
  const controller = new AbortController();
  const begun: string[] = [];
  const observer = {
    begin({ name }: BenchProgress) {
      begun.push(name);
      controller.abort(new Error("stopped"));
    },
    done: () => {},
  };
  await assertRejects(() => measurePieces(pieces, observer, controller.signal, now), Error, "stopped");
  assertEquals(begun, ["a"]);
});

Deno.test("a line of progress names the part, the piece and the time in both languages", () => {
  const progress = { part: "steps", name: "S, 8 bits", number: 4, pieces: 9, leftMs: 200_400 } as const;
  assertEquals(progressLine(progress, "en"), "training steps: S, 8 bits (4 of 9), about 3 min 20 s left");
  assertEquals(progressLine(progress, "zh"), "训练步: S, 8 bits（第 4/9 项），约剩 3 分 20 秒");
});
