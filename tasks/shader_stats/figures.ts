import { acoFigures } from "./aco.ts";
import { innerLoop } from "./instructions.ts";
import { nakFigures } from "./nak.ts";
import { occupancyOf } from "./occupancy.ts";
import type { Executable, ShaderLine } from "./output.ts";
import type { KernelFigures } from "./report.ts";
import type { Target } from "./targets.ts";
import { workgroupBytes } from "./workgroup.ts";

const readers = { aco: acoFigures, nak: nakFigures };

/** The figures of a shader that was compiled for a target. */
export function kernelFigures(
  target: Pick<Target, "compiler" | "unit">,
  { shader, code, executable }: ShaderLine & { readonly executable: Executable },
): KernelFigures {
  const { blocks, ...said } = readers[target.compiler](executable);
  const sharedBytes = said.sharedBytes ?? workgroupBytes(code);
  const occupancy = said.occupancy ??
    (target.unit ? occupancyOf(target.unit, said.vectorRegisters ?? 0, sharedBytes, code) : null);
  const loop = innerLoop(blocks) ?? null;
  return { name: shader, subgroupSize: executable.subgroupSize, ...said, sharedBytes, occupancy, loop };
}
