/**
 * Whether the processor has AVX-512, as far as Mesa is to know: GALLIUM_OVERRIDE_CPU_CAPS holds it back. Undefined where the
 * system does not tell.
 */
export function hasAvx512(cpuinfo = "/proc/cpuinfo"): boolean | undefined {
  if (Deno.build.os !== "linux") return undefined;
  try {
    if (!Deno.readTextFileSync(cpuinfo).includes("avx512f")) return false;
  } catch {
    return undefined;
  }
  const most = Deno.env.get("GALLIUM_OVERRIDE_CPU_CAPS");
  return most === undefined || most.includes("avx512");
}
