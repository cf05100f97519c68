// ACO, the compiler of Mesa's driver for AMD: its instructions, and what it says of a shader.
import type { CompilerFigures } from "./compiler_figures.ts";
import type { Block, Instruction, InstructionKind } from "./instructions.ts";
import type { Executable } from "./output.ts";

const multiplyAdd = /^v_(dual_)?(pk_)?(fma|mad|mac)\w*_f(16|32)/;
const byteProduct = /^v_(dual_)?dot4c?_/;

function kindOf(name: string): InstructionKind {
  if (multiplyAdd.test(name) || byteProduct.test(name)) return "multiplyAdd";
  // Scalars are kept in lanes of a vector. Reading a lane may be a shuffle as well; nothing else writes one.
  if (/^scratch_|^v_writelane_b32/.test(name)) return "spill";
  if (/^(s_)?buffer_load|^(global|flat)_load|^image_/.test(name)) return "load";
  if (/^ds_(read|load)/.test(name)) return "sharedLoad";
  return "other";
}

/** `v_dual_fmac_f32 v1, v2, v3 :: v_dual_mov_b32 v4, 0` is two. */
function instructionsOf(line: string): Instruction[] {
  return line.split("::").map((part) => part.trim().split(/\s/, 1)[0]!).map((name) => {
    const kind = kindOf(name);
    return {
      kind,
      multiplyAdds: kind !== "multiplyAdd" ? 0 : byteProduct.test(name) ? 4 : /^v_pk_/.test(name) ? 2 : 1,
    };
  });
}

/** Cuts the text of a shader into blocks: labels `BB4:`, and jumps `s_cbranch_scc1 BB8` or `s_branch BB1`. */
export function acoBlocks(text: string): Block[] {
  const blocks: { label: string; lines: string[] }[] = [{ label: "", lines: [] }];
  for (const line of text.split("\n").map((line) => line.replace(/;.*$/, "").trim()).filter((line) => line !== "")) {
    const label = line.match(/^(\w+):$/)?.[1];
    if (label !== undefined) blocks.push({ label, lines: [] });
    else {
      blocks.at(-1)!.lines.push(line);
      if (/^s_c?branch/.test(line)) blocks.push({ label: "", lines: [] });
    }
  }
  const places = new Map(blocks.map(({ label }, i) => [label, i]));
  return blocks.map(({ lines }, i) => {
    const [, conditional, target] = lines.at(-1)?.match(/^s_(c?)branch\S*\s+(\w+)/) ?? [];
    const jump = target === undefined ? undefined : places.get(target);
    const falls = i + 1 < blocks.length && (target === undefined || conditional === "c") ? [i + 1] : [];
    return { instructions: lines.flatMap(instructionsOf), next: jump === undefined ? falls : [jump, ...falls] };
  });
}

/** What ACO says. */
export function acoFigures({ statistics, texts }: Executable): CompilerFigures {
  const said = (name: string) => statistics[name] ?? null;
  const blocks = acoBlocks(texts["Assembly"] ?? "");
  return {
    vectorRegisters: said("VGPRs"),
    scalarRegisters: said("SGPRs"),
    spilledVector: said("Spilled VGPRs"),
    spilledScalar: said("Spilled SGPRs"),
    scratchBytes: said("Scratch size") ?? 0,
    sharedBytes: said("LDS size"),
    occupancy: said("Subgroups per SIMD"),
    instructions: said("Instructions") ?? blocks.reduce((sum, { instructions }) => sum + instructions.length, 0),
    latency: said("Latency"),
    inverseThroughput: said("Inverse Throughput"),
    blocks,
  };
}
