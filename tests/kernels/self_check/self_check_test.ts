import { assert, assertEquals } from "@std/assert";
import type { Device } from "../../../kernels/gpu/device.ts";
import { type CheckedUse, selfCheck } from "../../../kernels/self_check/self_check.ts";
import { stagingBytes } from "../../../kernels/gpu/tensor.ts";
import { kernelTest } from "../harness.ts";

/** What compiles quickly: the kernels for larger heads are the same text, unrolled further. */
const small: CheckedUse = { headSizes: [16], bits: [8] };

kernelTest("selfCheck() passes on this device and frees what it used but the staging buffer", async ({ device }) => {
  const before = device.allocated;
  const checks = await selfCheck(device);
  for (const { name, error, passed } of checks) assert(passed, `${name} is off by ${error}`);
  for (
    const name of [
      ...["attention, heads of 64", "attention, heads of 128, gradient of keys", "attention of decoding"],
      ...["4-bit product in parts, transposed", "32-bit product", "gradient of a weight", "LoRA, h·B, 13 rows"],
      ...["cross entropy, gradient", "AdamW", "rms norm, gradient", "swiglu, gradient of the gate"],
    ]
  ) assert(checks.some((check) => check.name === name), name);
  assertEquals(device.allocated, before + stagingBytes);
}, ["subgroups"]);

/** A wrong kernel: what stands in its code, what takes its place, and which checks must find out. */
interface Fault {
  readonly kernel: string;
  readonly text: RegExp;
  readonly wrong: string;
  readonly finds: RegExp;
}

const faults: readonly Fault[] = [
  { kernel: "product", text: /u\.inner4/g, wrong: "(u.inner4 - 1u)", finds: /^8-bit product( in parts)?$/ },
  { kernel: "product_transposed", text: /u\.yFirst4/g, wrong: "(u.yFirst4 + 1u)", finds: /transposed$/ },
  { kernel: "attention", text: /u <= last/g, wrong: "u < last", finds: /^attention, heads of 16$/ },
  { kernel: "attention_backward_query", text: /\* u\.scale;/, wrong: ";", finds: /gradient of queries$/ },
  { kernel: "attention_backward_key_value", text: /\* u\.scale\)/, wrong: ")", finds: /gradient of keys$/ },
  { kernel: "weight_gradient", text: /u\.tokens/g, wrong: "(u.tokens - 1u)", finds: /^gradient of a weight$/ },
  { kernel: "lora_outer", text: /u\.scale/g, wrong: "1.0", finds: /^LoRA, gradient/ },
  { kernel: "lora_expand", text: /u\.scale/g, wrong: "1.0", finds: /^LoRA, h·B/ },
  { kernel: "cross_entropy", text: /u\.gradientScale/g, wrong: "1.0", finds: /^cross entropy, gradient$/ },
  { kernel: "adamw", text: /u\.rootCorrection2/g, wrong: "1.0", finds: /^AdamW$/ },
  { kernel: "rms_norm_backward", text: /u\.epsilon/g, wrong: "0.1", finds: /^rms norm, gradient$/ },
];

/** Runs the check on a device with these wrong kernels, and wants each to be found out. */
async function findsOut(device: Device, faults: readonly Fault[]): Promise<void> {
  const { gpu } = device;
  const create = gpu.createShaderModule;
  const changed = new Set<string>();
  gpu.createShaderModule = function (descriptor) {
    const fault = faults.find(({ kernel }) => kernel === descriptor.label);
    const code = fault ? descriptor.code.replace(fault.text, fault.wrong) : descriptor.code;
    if (fault && code !== descriptor.code) changed.add(fault.kernel);
    return create.call(this, { ...descriptor, code });
  };
  const checks = await selfCheck(device, small);
  for (const { kernel, finds } of faults) {
    assert(changed.has(kernel), `nothing was changed in ${kernel}`);
    const found = checks.filter(({ name }) => finds.test(name));
    assert(found.length > 0 && found.every(({ passed }) => !passed), `${kernel} was not found out`);
  }
}

// A wrong attention spoils what its gradients are computed from.
for (
  const [name, some] of Object.entries(
    Object.groupBy(faults, ({ kernel }) => kernel === "attention" ? kernel : "other"),
  )
) {
  kernelTest(`selfCheck() finds wrong kernels out: ${name}`, ({ device }) => findsOut(device, some ?? []), [
    "subgroups",
  ]);
}
