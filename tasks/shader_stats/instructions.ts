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

/** First and last blocks of all loops, inner ones before those around them. */
function loopsOf(blocks: readonly Block[]): (readonly [number, number])[] {
  const lastOf = new Map<number, number>();
  blocks.forEach(({ next }, from) => {
    for (const to of next) if (to <= from) lastOf.set(to, from); // the last jump back to a block ends its loop
  });
  return [...lastOf].sort(([a, aEnd], [b, bEnd]) => aEnd - a - (bEnd - b));
}

/** The instructions of each loop that lie in no loop within it. */
function ownInstructions(blocks: readonly Block[]): Instruction[][] {
  const taken = new Set<number>();
  return loopsOf(blocks).map(([first, last]) =>
    blocks.slice(first, last + 1).flatMap(({ instructions }, i) => {
      if (taken.has(first + i)) return [];
      taken.add(first + i);
      return instructions;
    })
  );
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
