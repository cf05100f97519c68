// Child of test_drivers.ts: compiles the shaders of a folder in Dawn, the WebGPU of Chrome, and prints one line of JSON: how
// many there were, and what was said of those that fail. Usage: dawn.ts FOLDER
import { join } from "@std/path";

/** Held in a variable, so that the project's own lock file knows nothing of it. */
const dawnPackage = "npm:webgpu@0.6.2";

interface Dawn {
  create(options: string[]): GPU;
  readonly globals: Record<string, unknown>;
}

const { create, globals } = await import(dawnPackage) as Dawn;
const { GPUShaderStage: _, ...others } = globals;
Object.assign(globalThis, others);

/** Kept for as long as the process lives: collected, it takes Dawn down with it. */
const gpu = create(["backend=vulkan"]);
Object.assign(globalThis, { dawn: gpu });
const adapter = await gpu.requestAdapter();
if (!adapter) throw new Error("Dawn found no Vulkan adapter");
const wanted = ["subgroups", "shader-f16"] as GPUFeatureName[];
// Kernels that read through textures read up to eight of them, and tiles of large heads take more workgroup memory than is the default.
const { maxStorageTexturesPerShaderStage, maxComputeWorkgroupStorageSize } = adapter.limits;
const device = await adapter.requestDevice({
  requiredFeatures: wanted.filter((name) => adapter.features.has(name)),
  requiredLimits: { maxStorageTexturesPerShaderStage, maxComputeWorkgroupStorageSize },
});

/** What Dawn's compiler wants said, and that of Deno must not be told. */
function enabled(code: string): string {
  const lines = [];
  if (/\bsubgroup\w+\(/.test(code)) lines.push("enable subgroups;");
  if (/\bf16\b/.test(code)) lines.push("enable f16;");
  return [...lines, code].join("\n");
}

const folder = Deno.args[0] ?? ".";
const names = [...Deno.readDirSync(folder)].map(({ name }) => name).filter((name) => name.endsWith(".wgsl")).sort();
const failures: { readonly shader: string; readonly message: string }[] = [];
for (const name of names) {
  device.pushErrorScope("validation");
  const code = enabled(Deno.readTextFileSync(join(folder, name)));
  const module = device.createShaderModule({ label: name, code });
  device.createComputePipeline({ label: name, layout: "auto", compute: { module, entryPoint: "main" } });
  const error = await device.popErrorScope();
  if (error) failures.push({ shader: name, message: error.message });
}
console.log(JSON.stringify({ adapter: adapter.info.description, shaders: names.length, failures }));
Deno.exit(); // the addon's device would keep the process alive
