// NAK, the compiler of Mesa's driver for NVIDIA (NVK): its instructions, and what it says of a shader.
import type { CompilerFigures } from "./compiler_figures.ts";
import type { Block, Instruction } from "./instructions.ts";
import type { Executable } from "./output.ts";

/** `@!p0  r2 = ffma.ftz r7 ur7 r2  // delay=1`: the name follows the results. */
function instructionOf(line: string): Instruction {
  const [, name = ""] = line.match(/^(?:@!?\w+\s+)?(?:[^=/]*=\s*)?([a-z]\w*(?:\.\w+)*)/) ?? [];
  const [operation] = name.split(".");
  if (operation === "ffma" || operation === "hfma2") {
    return { kind: "multiplyAdd", multiplyAdds: operation === "ffma" ? 1 : 2 };
  }
  if (operation === "idp4") return { kind: "multiplyAdd", multiplyAdds: 4 };
  if (/^(ld|st)\.local/.test(name)) return { kind: "spill", multiplyAdds: 0 };
  if (/^ld\.global/.test(name)) return { kind: "load", multiplyAdds: 0 };
  return { kind: /^ld\.shared/.test(name) ? "sharedLoad" : "other", multiplyAdds: 0 };
}

/** Cuts the text of a shader into blocks: `block.u 57 L68 [55] -> {`, instructions, `} -> [58]`. */
export function nakBlocks(text: string): Block[] {
  const blocks: { instructions: Instruction[]; next: number[] }[] = [];
  for (const line of text.split("\n").map((line) => line.trim()).filter((line) => line !== "")) {
    const end = line.match(/^\} -> \[([\d, ]*)\]/);
    if (/^block\S* \d+ .*\{$/.test(line)) blocks.push({ instructions: [], next: [] });
    else if (end) blocks.at(-1)?.next.push(...end[1]!.split(",").filter((n) => n.trim() !== "").map(Number));
    else blocks.at(-1)?.instructions.push(instructionOf(line));
  }
  return blocks;
}

/** What NAK says. It tells bytes of local memory, which are what spills take, in place of registers. */
export function nakFigures({ statistics, texts }: Executable): CompilerFigures {
  return {
    vectorRegisters: statistics["Number of GPRs"] ?? null,
    scalarRegisters: null,
    spilledVector: null,
    spilledScalar: null,
    scratchBytes: statistics["SLM Size"] ?? 0,
    sharedBytes: null,
    occupancy: null,
    instructions: statistics["Instruction count"] ?? 0,
    latency: statistics["Static cycle count"] ?? null,
    inverseThroughput: null,
    blocks: nakBlocks(texts["NAK assembly"] ?? ""),
  };
}
