// Child of compile.ts: compiles every shader on the driver that the environment chooses, through the layer of layer.c, which
// writes what the compiler says to the file that VICUNA_SHADER_STATS names. Before each the child writes a line with its name.
// Usage: compile_child.ts OPTIONS, which are JSON of ChildOptions.
import { type Device, openDevice } from "../../kernels/gpu/device.ts";
import { probeKernels, type SubgroupProbe } from "../../kernels/gpu/subgroup_probe.ts";
import { type Shader, shadersOf } from "./launches/shaders.ts";
import { CAREFUL_VARIABLE, type ChildOptions, OUTPUT_VARIABLE, type OutputLine } from "./output.ts";

const { plain, only, careful } = JSON.parse(Deno.args[0]!) as ChildOptions;
const output = Deno.env.get(OUTPUT_VARIABLE)!;

function write(line: OutputLine): void {
  Deno.writeTextFileSync(output, JSON.stringify(line) + "\n", { append: true });
}

/** What a subgroup would have been when the probe ran: the compiler tells, nothing runs here. */
const probe: SubgroupProbe = async (gpu, lanes, choice) => {
  const found = [];
  Deno.env.set(CAREFUL_VARIABLE, "1");
  for (const { rows, code } of probeKernels(lanes, choice)) {
    const module = gpu.createShaderModule({ code });
    gpu.createComputePipeline({ layout: "auto", compute: { module, entryPoint: "main" } });
    const last = (await Deno.readTextFile(output)).trimEnd().split("\n").at(-1)!;
    const { executables } = JSON.parse(last) as Extract<OutputLine, { executables: unknown }>;
    found.push(...Array<number>(rows * lanes).fill(executables[0]!.subgroupSize));
  }
  Deno.env.delete(CAREFUL_VARIABLE);
  return found;
};

function compileShader({ gpu }: Device, { kernel, code, entries }: Shader): void {
  const layout = gpu.createBindGroupLayout({ entries: [...entries] });
  gpu.createComputePipeline({
    label: kernel,
    layout: gpu.createPipelineLayout({ bindGroupLayouts: [layout] }),
    compute: { module: gpu.createShaderModule({ code }), entryPoint: "main" },
  });
}

const device = await openDevice(plain ? { subgroups: false } : { probe });
const { subgroupSize } = device.info;
for (const shader of shadersOf(device.info)) {
  const { name, code } = shader;
  if (only.length > 0 && !only.some((part) => name.includes(part))) continue;
  write({ shader: name, code, subgroups: subgroupSize });
  if (careful.includes(name)) Deno.env.set(CAREFUL_VARIABLE, "1");
  compileShader(device, shader);
  Deno.env.delete(CAREFUL_VARIABLE);
}
write({ finished: true });
Deno.exit(); // closing would wait for a device that never answers
