import type { Obstacle } from "../../../kernels/machine/device_list.ts";
import type { Advice } from "../advice.ts";

/** What `doctor` says, and `train` of a slow device, in English. */
export const EN = {
  options: {
    devices: "list the devices that --device chooses among; opens none",
  },
  description:
    "Reports Deno, device, driver, limits and disk, checks the kernels on the device, and says what could be better.",
  noDevices: "None that can be chosen: there is no Vulkan driver.",
  obstacles: {
    driver: "cannot be chosen: it has no Vulkan driver",
    layer: "cannot be chosen: Mesa's device-select layer is missing (Debian: mesa-vulkan-drivers)",
    model: "cannot be chosen: another card is of the same model, which only Mesa 24 or newer tells apart",
  } satisfies Record<Obstacle, string>,
  report: {
    adapter: "Adapter",
    backend: "Backend",
    driver: "Driver",
    unknownVersion: "version unknown",
    note: "Note",
    softwareDriver: "a driver on the processor: it works, slowly",
    vectorWidth: "Vector width",
    yes: "yes",
    no: "no",
    subgroup: "Subgroup",
    notUsable: "not usable",
    features: "Features in use",
    products: "Products",
    memory: "Memory to plan with",
    freeDisk: "Free disk",
    devices: "Devices",
    error: "error",
    advice: "Advice",
    healthy: "All is well.",
    faulty: "This device computes wrong results: do not train on it.",
    bits: (count: number) => `${count} bits`,
    variants: (forward: string, backward: string, decoding: string) =>
      `${forward} forward, ${backward} backward, ${decoding} for one row`,
  },
  advice({ code, slower, device }: Advice, command: string | undefined): string {
    const times = slower === undefined ? "" : `about ${slower} times slower than it could be`;
    switch (code) {
      case "openGl":
        return `computing through OpenGL, ${times}, for want of a Vulkan driver. ` +
          (command === undefined ? "Install one." : `As root: ${command}`);
      case "openGlSet":
        return `computing through OpenGL, as DENO_WEBGPU_BACKEND says, ${times}: unset it to compute by Vulkan.`;
      case "noSubgroups":
        return "this device has no subgroup operations that are usable" +
          (times === "" ? ", which decoding and products would be quicker with" : `: ${times}`) +
          ". A newer driver may have them.";
      case "oldMesa":
        return `Mesa before 23 on a processor without AVX-512 is ${times}. Mesa 23 or newer (Debian 13 has 25) mends it.`;
      case "fxc":
        return "DX12's shaders are compiled by FXC, which knows no subgroups, no float16 and no integer dot products. With " +
          "dxcompiler.dll and dxil.dll on the PATH: set DENO_WEBGPU_DX12_COMPILER=dynamicdxc";
      case "weakerCard":
        return `computing on the weaker card, ${times}: ${device?.name} is idle. ` +
          `Give --device ${device?.number}; if that cannot be, install its vendor's Vulkan driver.`;
      case "idleCard":
        return `computing on the processor, ${times}: ${device?.name} is idle. ` +
          `Give --device ${device?.number}; if that cannot be, install its vendor's Vulkan driver.`;
      case "severalCards":
        return `there are several cards, and ${device?.name} is in use; --device chooses another (doctor --devices)`;
      default:
        return code satisfies never;
    }
  },
};

/** What `doctor` says, and `train` of a slow device: every language has every entry. */
export type DoctorMessages = typeof EN;
