// The sentences of doctor, and of train's word on a slow device.
import type { Backend } from "../../kernels/machine/backend.ts";
import type { Obstacle } from "../../kernels/machine/device_list.ts";
import type { Language } from "../cli/language.ts";
import type { Advice } from "./advice.ts";

const backends: Readonly<Record<Backend, string>> = { vulkan: "Vulkan", metal: "Metal", dx12: "DX12", gl: "OpenGL" };

/** A backend by the name that people know. */
export function backendName(backend: Backend): string {
  return backends[backend];
}

const obstaclesEn: Readonly<Record<Obstacle, string>> = {
  driver: "cannot be chosen: it has no Vulkan driver",
  layer: "cannot be chosen: Mesa's device-select layer is missing (Debian: mesa-vulkan-drivers)",
  model: "cannot be chosen: another card is of the same model, which only Mesa 24 or newer tells apart",
};

const obstaclesZh: Readonly<Record<Obstacle, string>> = {
  driver: "无法选择：没有 Vulkan 驱动",
  layer: "无法选择：缺少 Mesa 的 device-select 层（Debian：mesa-vulkan-drivers）",
  model: "无法选择：有同型号的另一块显卡，Mesa 24 或更新版本才能区分",
};

/** Why a device cannot be chosen. */
export function obstacleText(obstacle: Obstacle, language: Language): string {
  return (language === "zh" ? obstaclesZh : obstaclesEn)[obstacle];
}

function english({ code, slower, device }: Advice, command: string | undefined): string {
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
}

function chinese({ code, slower, device }: Advice, command: string | undefined): string {
  const times = slower === undefined ? "" : `比应有的速度慢约 ${slower} 倍`;
  switch (code) {
    case "openGl":
      return `没有 Vulkan 驱动，正通过 OpenGL 计算，${times}。` +
        (command === undefined ? "请安装 Vulkan 驱动。" : `请以 root 身份运行：${command}`);
    case "openGlSet":
      return `按 DENO_WEBGPU_BACKEND 的设置，正通过 OpenGL 计算，${times}。取消该设置即可使用 Vulkan。`;
    case "noSubgroups":
      return `此设备没有可用的子组运算${times === "" ? "，有则解码与矩阵乘更快" : `，${times}`}。更新驱动后或许可用。`;
    case "oldMesa":
      return `23 之前的 Mesa 在没有 AVX-512 的处理器上${times}。请升级到 Mesa 23 或更新版本（Debian 13 自带 25）。`;
    case "fxc":
      return "DX12 着色器由 FXC 编译，不支持子组、float16 和整数点积。将 dxcompiler.dll 与 dxil.dll 放入 PATH 后，" +
        "请设置 DENO_WEBGPU_DX12_COMPILER=dynamicdxc";
    case "weakerCard":
      return `正在较弱的显卡上计算，${times}：${device?.name} 闲置。请加 --device ${device?.number}；` +
        "若无法选择，请安装其厂商的 Vulkan 驱动。";
    case "idleCard":
      return `正在处理器上计算，${times}：${device?.name} 闲置。请加 --device ${device?.number}；` +
        "若无法选择，请安装其厂商的 Vulkan 驱动。";
    case "severalCards":
      return `有多块显卡，正在使用 ${device?.name}；可用 --device 选择另一块（见 doctor --devices）`;
    default:
      return code satisfies never;
  }
}

/**
 * A piece of advice in a sentence or two.
 *
 * @param command what installs a Vulkan driver here, where it is known
 */
export function adviceText(advice: Advice, language: Language, command?: string): string {
  return language === "zh" ? chinese(advice, command) : english(advice, command);
}
