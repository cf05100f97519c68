import { workgroupThreads } from "./workgroup.ts";

/** What a multiprocessor has for the workgroups that run on it. */
export interface Unit {
  readonly registers: number;
  readonly subgroups: number;
  readonly workgroups: number;
  readonly sharedBytes: number;
}

/** Registers are given to threads in eights, and a thread of 32 each to a subgroup. */
const [granule, lanes] = [8, 32];

/** Subgroups that a multiprocessor holds of a shader, by its registers, its shared memory and whole workgroups. */
export function occupancyOf(unit: Unit, registers: number, sharedBytes: number, code: string): number {
  const subgroups = Math.ceil(workgroupThreads(code) / lanes);
  const each = Math.ceil(Math.max(registers, 1) / granule) * granule * lanes * subgroups;
  const groups = Math.min(
    unit.workgroups,
    Math.floor(unit.subgroups / subgroups),
    Math.floor(unit.registers / each),
    sharedBytes > 0 ? Math.floor(unit.sharedBytes / sharedBytes) : Infinity,
  );
  return groups * subgroups;
}
