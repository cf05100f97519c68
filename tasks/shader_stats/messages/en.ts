import type { ComparedFigure } from "../compare.ts";
import type { LimitFault } from "../limits.ts";

/** What `shader-stats` says in English. */
export const EN = {
  options: {
    target: "cards to compile for (those of the system's own driver)",
    all: "the cards of Debian 13's Mesa too (tests/drivers/unpack_mesa25.sh)",
    only: "kernels by a part of their names (all)",
    compare: "file with the JSON of an earlier run to compare with",
    save: "folder to write each kernel's WGSL and instructions to",
    check: "fail where a kernel does not keep its line of limits.json",
    pin: "tighten the lines of limits.json to what was found; loosens none",
  },
  description:
    "Compiles every kernel for graphics cards that need not be there and prints what their compilers say: registers, " +
    "spills, shared memory, how many subgroups fit, and how much of the loop that computes is multiply-adds. Nothing runs, so " +
    "it tells no times; docs/gpu.md says how to read it.",
  footer: "Examples:\n" +
    "  shader-stats                                      all kernels, on the cards of the system's own driver\n" +
    "  shader-stats --target navi21 --only attention     attention alone, on one card\n" +
    "  shader-stats --json > before.json                 to compare with after a change:\n" +
    "  shader-stats --compare before.json\n" +
    "  shader-stats --only attention --save shaders      with each kernel's WGSL and instructions in files",
  heading: (card: string, driver: string, subgroups: number) =>
    `${card}, ${driver}, ${subgroups ? `kernels for subgroups of ${subgroups}` : "kernels without subgroups"}`,
  columns: [
    "kernel",
    "threads",
    "registers",
    "spilled",
    "scratch",
    "shared",
    "fit",
    "instr.",
    "loop",
    "multiply-adds",
    "loads each",
    "latency",
    "throughput",
  ],
  legend:
    "threads: of a subgroup. registers: of a thread / of a subgroup. spilled: registers that did not fit (instructions of the loop that move them). scratch, shared: " +
    "bytes. fit: subgroups that a unit holds. loop: instructions of the loop that computes most. multiply-adds: their share " +
    "of it. loads each: from memory + from shared memory, for each multiply-add. latency, throughput: the compiler's " +
    "estimate of cycles.",
  digest: (digest: string) => `Kernels: ${digest}`,
  spilling: (target: string, kernels: number, all: number) =>
    `${target}: ${kernels} of ${all} kernels spill or use scratch`,
  compiling: (target: string) => `Compiling for ${target}`,
  missing: (target: string, reason: string) => `${target}: left out, ${reason}`,
  compared: (file: string) => `Differences from ${file}`,
  same: "No kernel differs.",
  only: { before: "gone", now: "new" },
  figures: {
    registers: "registers",
    spilled: "spilled",
    scratch: "scratch",
    shared: "shared",
    occupancy: "fit",
    instructions: "instr.",
    loop: "loop",
    share: "multiply-adds %",
    throughput: "throughput",
  } satisfies Record<ComparedFigure, string>,
  limits: {
    held: (target: string) => `${target}: all kernels keep their limits`,
    otherVersion: (target: string, wanted: string, found: string) =>
      `${target}: not judged, the limits are for ${wanted}, found ${found}`,
    worse: ({ figure, found, limit }: LimitFault) =>
      `${figure} ${found}, ${figure === "share" ? "at least" : "at most"} ${limit} allowed`,
    loose: ({ figure, found, limit }: LimitFault) =>
      `${figure} ${found}: its line says ${limit}, which is looser; tighten it with --pin`,
    missing: ({ figure, found }: LimitFault) => `${figure} ${found} has no line; write it with --pin`,
    gone: () => "a line without such a kernel or figure; --pin takes it out",
    pinned: (file: string) => `Lines are as tight as the kernels in ${file}`,
  },
};

/** What `shader-stats` says: every language has every entry. */
export type StatsWords = typeof EN;
