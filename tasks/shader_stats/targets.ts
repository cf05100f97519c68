// The cards that kernels are compiled for, each with the driver whose compiler does it.
import { fromFileUrl, join } from "@std/path";
import { driverManifests } from "../../kernels/machine/vulkan_files.ts";
import { UsageError } from "../cli/usage_error.ts";
import type { Unit } from "./occupancy.ts";

/** A kind of card. */
export interface Target {
  readonly name: string;
  /** What people know it as. */
  readonly card: string;
  readonly compiler: "aco" | "nak";
  /** Variables that make the driver compile for it. */
  readonly env: Readonly<Record<string, string>>;
  /** A program that starts Deno on the driver, where the system's own is not meant. */
  readonly launcher?: string;
  /** True for the kernels that it gets where its subgroups cannot be used, as with drivers that choose their size. */
  readonly plain?: true;
  /** What a multiprocessor has, where the compiler does not tell how many subgroups fit. */
  readonly unit?: Unit;
  /** Why it is not to be had here, and how to get it; absent where it is. */
  readonly missing?: string;
}

/** Turing: CUDA C++ Programming Guide, compute capability 7.5; 8.6 is Ampere's. */
const turing: Unit = { registers: 65536, subgroups: 32, workgroups: 16, sharedBytes: 65536 };
const ampere: Unit = { registers: 65536, subgroups: 48, workgroups: 16, sharedBytes: 102400 };

const project = fromFileUrl(new URL("../../", import.meta.url));

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}

/** A card of AMD's by the system's own driver. */
function systemAmd(name: string, card: string, manifest: string | undefined): Target {
  return {
    name,
    card,
    compiler: "aco",
    env: { VK_ICD_FILENAMES: manifest ?? "", VK_DRIVER_FILES: manifest ?? "", RADV_FORCE_FAMILY: name },
    ...(manifest === undefined && { missing: "no manifest radeon_icd*.json (apt-get install mesa-vulkan-drivers)" }),
  };
}

const withoutSubgroups = (target: Target): Target => ({ ...target, name: `${target.name}-plain`, plain: true });

/** Those of the system's own packages: of what Debian 12 has, limits.json says how good kernels must be. */
export function systemTargets(): Target[] {
  const manifest = driverManifests().find(({ name }) => name.startsWith("radeon_icd"))?.path;
  const navi21 = systemAmd("navi21", "AMD Radeon RX 6800 and 6900 (RDNA 2)", manifest);
  return [navi21, withoutSubgroups(navi21), systemAmd("vega10", "AMD Radeon RX Vega (GCN 5)", manifest)];
}

/** Those of Debian 13's Mesa, where tests/drivers/unpack_mesa25.sh has unpacked it. */
export function unpackedTargets(): Target[] {
  const launcher = `${Deno.env.get("VICUNA_MESA25") ?? join(project, ".vicuna/mesa25")}/run`;
  const found = exists(launcher)
    ? {}
    : { missing: `no ${launcher} (sh tests/drivers/unpack_mesa25.sh, VICUNA_MESA25)` };
  const navi31: Target = {
    name: "navi31",
    card: "AMD Radeon RX 7900 (RDNA 3)",
    compiler: "aco",
    env: { MESA25_DRIVER: "radeon", RADV_FORCE_FAMILY: "navi31" },
    launcher,
    ...found,
  };
  const nvidia = (name: string, card: string, chipset: string, unit: Unit): Target => ({
    name,
    card,
    compiler: "nak",
    env: { MESA25_DRIVER: "nouveau", NOUVEAU_CHIPSET: chipset },
    launcher,
    unit,
    ...found,
  });
  return [
    navi31,
    withoutSubgroups(navi31),
    nvidia("tu102", "NVIDIA GeForce RTX 2080 Ti (Turing)", "162", turing),
    nvidia("ga106", "NVIDIA GeForce RTX 3060 (Ampere)", "176", ampere),
  ];
}

/** The targets to compile for, and those that would be but are not to be had. Errors: none is left. */
export function chooseTargets(
  names: readonly string[] | undefined,
  all: boolean,
  system: readonly Target[] = systemTargets(),
  unpacked: readonly Target[] = unpackedTargets(),
): { readonly chosen: readonly Target[]; readonly missing: readonly Target[] } {
  const known = [...system, ...unpacked];
  const wanted = names ? known.filter(({ name }) => names.includes(name)) : all ? known : system;
  const missing = wanted.filter(({ missing }) => missing !== undefined);
  const chosen = wanted.filter(({ missing }) => missing === undefined);
  // A target that is named must be there.
  if (chosen.length > 0 && !(names && missing.length > 0)) return { chosen, missing };
  const reasons = missing.map(({ name, missing }) => `${name}: ${missing}`).join("; ");
  throw new UsageError(`cannot compile kernels: ${reasons}`);
}
