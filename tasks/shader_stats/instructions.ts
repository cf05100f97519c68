// What a kernel does most: the loop that computes, read from a compiler's instructions. The same for all compilers once their text
// is cut into blocks (aco.ts, nak.ts).
import type { LoopFigures } from "./report.ts";

/** What an instruction does, as far as it is counted. A compiler may write two into one. */
export type InstructionKind = "multiplyAdd" | "load" | "sharedLoad" | "spill" | "other";

/** An instruction. */
export interface Instruction {
  readonly kind: InstructionKind;
  /** Multiplications and additions to a sum that it does at once: 4 for products of four bytes. */
  readonly multiplyAdds: number;
}

/** Instructions without a jump in between, in the order in which they lie in memory. */
export interface Block {
  readonly instructions: readonly Instruction[];
  /** Blocks that may come next, by their place in the list. */
  readonly next: readonly number[];
}

/**
 * The blocks of all loops, inner loops before those around them. A loop is the block that a jump goes back to and all from
 * which the jump can be reached without passing it: what only leaves the loop may lie between them, and is none of it.
 */
function loopsOf(blocks: readonly Block[]): Set<number>[] {
  const before = blocks.map((): number[] => []);
  const jumps = new Map<number, number[]>();
  blocks.forEach(({ next }, from) => {
    for (const to of next) {
      before[to]?.push(from);
      if (to <= from) jumps.set(to, [...jumps.get(to) ?? [], from]);
    }
  });
  const loops = [...jumps].map(([first, lasts]) => {
    const loop = new Set([first]);
    const waiting = [...lasts];
    for (let block = waiting.pop(); block !== undefined; block = waiting.pop()) {
      if (loop.has(block)) continue;
      loop.add(block);
      waiting.push(...before[block]!);
    }
    return loop;
  });
  return loops.sort((a, b) => a.size - b.size);
}

/** The instructions of each loop that lie in no loop within it. */
function ownInstructions(blocks: readonly Block[]): Instruction[][] {
  const taken = new Set<number>();
  return loopsOf(blocks).map((loop) => {
    const own = [...loop].filter((block) => !taken.has(block));
    for (const block of own) taken.add(block);
    return own.flatMap((block) => blocks[block]!.instructions);
  });
}

/**
 * Of all loops, each without those within it, the one with most multiply-adds, of equal ones the longest: compilers unroll the
 * innermost loop of some kernels. Undefined where nothing loops.
 */
export function innerLoop(blocks: readonly Block[]): LoopFigures | undefined {
  const found = ownInstructions(blocks).map((all) => {
    const count = (wanted: InstructionKind) => all.filter(({ kind }) => kind === wanted).length;
    const multiplyAdds = all.reduce((sum, { multiplyAdds }) => sum + multiplyAdds, 0);
    return {
      instructions: all.length,
      multiplyAdds,
      share: all.length > 0 ? count("multiplyAdd") / all.length : 0,
      loads: multiplyAdds > 0 ? count("load") / multiplyAdds : 0,
      sharedLoads: multiplyAdds > 0 ? count("sharedLoad") / multiplyAdds : 0,
      spills: count("spill"),
    };
  });
  return found.sort((a, b) => b.multiplyAdds - a.multiplyAdds || b.instructions - a.instructions)[0];
}
