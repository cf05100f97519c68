import type { Block } from "./instructions.ts";
import type { KernelFigures } from "./report.ts";

/** What a compiler itself says of a shader, and its instructions. */
export interface CompilerFigures extends Omit<KernelFigures, "name" | "subgroupSize" | "sharedBytes" | "loop"> {
  readonly sharedBytes: number | null;
  readonly blocks: readonly Block[];
}
