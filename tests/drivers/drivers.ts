// The Vulkan drivers that kernels are tested on beside the machine's own, each chosen by the environment of a child process.
import { fromFileUrl, join } from "@std/path";
import { hasAvx512 } from "../../kernels/machine/processor.ts";
import { driverManifests } from "../../kernels/machine/vulkan_files.ts";
import { runChild } from "../../tasks/cli/child.ts";

/** A driver to test on. */
export interface Driver {
  readonly name: string;
  /** Variables that choose it. */
  readonly env: Readonly<Record<string, string>>;
  /** A program that starts Deno on it, where variables alone do not. */
  readonly launcher?: string;
  /** Threads of its subgroups. */
  readonly subgroupSize: number;
  /** Why it cannot be tested here; absent where it can. */
  readonly missing?: string;
  /** True where compiling takes so long that the test suite checks the kernels for small heads and int8 weights alone. */
  readonly slow?: true;
  /** True where the test suite leaves it to `deno task test-drivers`. */
  readonly late?: true;
}

const project = fromFileUrl(new URL("../../", import.meta.url));
/** Where Debian's chromium-common keeps SwiftShader. */
const swiftShader = "/usr/lib/chromium/vk_swiftshader_icd.json";
/** Where unpack_mesa25.sh has unpacked Debian 13's Mesa. */
const mesa25 = Deno.env.get("VICUNA_MESA25") ?? join(project, ".vicuna/mesa25");

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}

/** A width in bits, and whether Mesa is told that the processor has no AVX-512, which it makes other code for. */
interface Width {
  readonly bits: number;
  readonly without?: true;
}

function lavapipeAt({ bits, without }: Width): Pick<Driver, "name" | "env" | "subgroupSize" | "late"> {
  return {
    name: `lavapipe, ${bits} bits${without ? ", as without AVX-512" : ""}`,
    env: { LP_NATIVE_VECTOR_WIDTH: String(bits), ...(without && { GALLIUM_OVERRIDE_CPU_CAPS: "avx" }) },
    subgroupSize: bits / 32,
    ...(without && { late: true }),
  };
}

/** All drivers, those that are missing with the reason. */
export function drivers(): Driver[] {
  const mesa = driverManifests().find(({ name }) => name.startsWith("lvp_icd"))?.path;
  const wide = hasAvx512();
  const orNarrow = ({ bits, without }: Width, missing: string | undefined) => {
    const reason = missing ?? ((bits === 512 || without) && !wide ? "the processor has no AVX-512" : undefined);
    return reason === undefined ? {} : { missing: reason };
  };
  const widths: Width[] = [{ bits: 128 }, { bits: 256 }, { bits: 256, without: true }, { bits: 512 }];
  return [
    ...widths.map((width): Driver => {
      const { env, ...rest } = lavapipeAt(width);
      const missing = mesa ? undefined : "no manifest lvp_icd*.json (mesa-vulkan-drivers)";
      return { ...rest, env: { VK_ICD_FILENAMES: mesa ?? "", ...env }, ...orNarrow(width, missing) };
    }),
    // Its width is 256 bits on every processor, unless someone sets another.
    ...widths.filter(({ bits }) => bits === 256).map((width): Driver => {
      const { name, ...rest } = lavapipeAt(width);
      const launcher = `${mesa25}/run`;
      const missing = exists(launcher) ? undefined : `no ${launcher} (tests/drivers/unpack_mesa25.sh, VICUNA_MESA25)`;
      return { name: `Mesa 25 ${name}`, ...rest, launcher, late: true, ...orNarrow(width, missing) };
    }),
    {
      name: "SwiftShader",
      env: { VK_ICD_FILENAMES: swiftShader },
      subgroupSize: 4,
      slow: true,
      ...(!exists(swiftShader) && { missing: `no ${swiftShader} (chromium-common)` }),
    },
  ];
}

/** Runs Deno in a child process on a driver; gives its output, both kinds together. */
export async function runOn(
  { env, launcher }: Pick<Driver, "env" | "launcher">,
  args: readonly string[],
  signal?: AbortSignal,
): Promise<{ success: boolean; output: string }> {
  const all = { NO_COLOR: "1", XDG_RUNTIME_DIR: Deno.env.get("XDG_RUNTIME_DIR") ?? "/tmp", ...env };
  const [program, ...rest] = [...(launcher ? [launcher] : []), Deno.execPath(), ...args];
  const { code, stdout, stderr } = await runChild(program!, rest, {
    env: all,
    cwd: project,
    ...(signal && { signal }),
  });
  return { success: code === 0, output: stdout + stderr };
}
