// The Vulkan drivers that kernels are tested on beside the machine's own, each chosen by the environment of a child process.

import { hasAvx512 } from "../../kernels/processor.ts";
import { driverManifests } from "../../kernels/vulkan_files.ts";

/** A driver to test on. */
export interface Driver {
  readonly name: string;
  /** Variables that choose it. */
  readonly env: Readonly<Record<string, string>>;
  /** Threads of its subgroups. */
  readonly subgroupSize: number;
  /** Why it cannot be tested here; absent where it can. */
  readonly missing?: string;
}

/** Where Debian's chromium-common keeps SwiftShader. */
const swiftShader = "/usr/lib/chromium/vk_swiftshader_icd.json";

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}

/** All drivers, those that are missing with the reason. */
export function drivers(): Driver[] {
  const mesa = driverManifests().find(({ name }) => name.startsWith("lvp_icd"))?.path;
  const wide = hasAvx512();
  return [
    ...[128, 256, 512].map((width): Driver => ({
      name: `lavapipe, ${width} bits`,
      env: { VK_ICD_FILENAMES: mesa ?? "", LP_NATIVE_VECTOR_WIDTH: String(width) },
      subgroupSize: width / 32,
      ...(!mesa
        ? { missing: "no manifest lvp_icd*.json (mesa-vulkan-drivers)" }
        : width === 512 && !wide
        ? { missing: "the processor has no AVX-512" }
        : {}),
    })),
    {
      name: "SwiftShader",
      env: { VK_ICD_FILENAMES: swiftShader },
      subgroupSize: 4,
      ...(!exists(swiftShader) && { missing: `no ${swiftShader} (chromium-common)` }),
    },
  ];
}

/** Runs Deno in a child process on a driver; gives its output, both kinds together. */
export async function runOn(
  { env }: Pick<Driver, "env">,
  args: readonly string[],
): Promise<{ success: boolean; output: string }> {
  const all = { NO_COLOR: "1", XDG_RUNTIME_DIR: Deno.env.get("XDG_RUNTIME_DIR") ?? "/tmp", ...env };
  const command = new Deno.Command(Deno.execPath(), { args: [...args], env: all, stdout: "piped", stderr: "piped" });
  const { success, stdout, stderr } = await command.output();
  const decoder = new TextDecoder();
  return { success, output: decoder.decode(stdout) + decoder.decode(stderr) };
}
