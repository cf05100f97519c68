// Builds the Vulkan layer (layer.c) with the machine's own compiler, once for each text of it.
import { createHash } from "node:crypto";
import { fromFileUrl, join } from "@std/path";
import { runChild } from "../cli/child.ts";
import { UsageError } from "../cli/usage_error.ts";

const source = fromFileUrl(new URL("layer.c", import.meta.url));
const layerName = "VK_LAYER_VICUNA_shader_stats";

/** Builds the layer into a folder where it is not there yet, and gives the variables that make Vulkan's loader use it. */
export async function layerEnvironment(
  cacheDir: string,
  signal?: AbortSignal,
  compiler = "cc",
): Promise<Record<string, string>> {
  const digest = createHash("sha256").update(await Deno.readFile(source)).digest("hex").slice(0, 16);
  const parent = join(await absolute(cacheDir), "shader-stats");
  const folder = join(parent, digest);
  const env = { VK_LAYER_PATH: folder, VK_INSTANCE_LAYERS: layerName };
  try {
    await Deno.stat(folder);
    return env;
  } catch { /* to be built */ }
  // Aside, so that two that begin together do not disturb each other.
  const aside = await Deno.makeTempDir({ dir: parent, prefix: "building-" });
  try {
    await compileLayer(compiler, join(aside, "layer.so"), signal);
    await Deno.writeTextFile(join(aside, "layer.json"), JSON.stringify(manifest));
    await Deno.rename(aside, folder).catch(() => Deno.stat(folder));
  } finally {
    await Deno.remove(aside, { recursive: true }).catch(() => {});
  }
  return env;
}

const manifest = {
  file_format_version: "1.1.2",
  layer: {
    name: layerName,
    type: "GLOBAL",
    library_path: "./layer.so",
    api_version: "1.3.239",
    implementation_version: "1",
    description: "Lets a driver compile for a card that is not there, and tells what it says",
    functions: { vkNegotiateLoaderLayerInterfaceVersion: "vkNegotiateLoaderLayerInterfaceVersion" },
  },
};

async function absolute(folder: string): Promise<string> {
  await Deno.mkdir(join(folder, "shader-stats"), { recursive: true });
  return await Deno.realPath(folder);
}

async function compileLayer(compiler: string, library: string, signal: AbortSignal | undefined): Promise<void> {
  const args = ["-shared", "-fPIC", "-O1", "-o", library, source];
  const outcome = await runChild(compiler, args, signal ? { signal } : {}).catch((error: Error) => {
    signal?.throwIfAborted();
    return { code: 1, stderr: error.message };
  });
  if (outcome.code === 0) return;
  throw new UsageError(
    `cannot build the Vulkan layer: wanted a C compiler and Vulkan's headers (on Debian or Ubuntu: ` +
      `apt-get install gcc libc6-dev libvulkan-dev). ${compiler} said: ${outcome.stderr.trim()}`,
  );
}
