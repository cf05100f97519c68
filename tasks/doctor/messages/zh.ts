import type { DoctorMessages } from "./en.ts";

/** What `doctor` says, and `train` of a slow device, in Chinese. */
export const ZH: DoctorMessages = {
  options: {
    devices: "列出可用 --device 选择的设备，不打开任何设备",
  },
  description: "报告 Deno、图形设备、驱动、限制和磁盘，在设备上核对计算内核，并给出建议。",
  noDevices: "没有可选择的设备：没有 Vulkan 驱动。",
  obstacles: {
    driver: "无法选择：没有 Vulkan 驱动",
    layer: "无法选择：缺少 Mesa 的 device-select 层（Debian：mesa-vulkan-drivers）",
    model: "无法选择：有同型号的另一块显卡，Mesa 24 或更新版本才能区分",
  },
  report: {
    adapter: "设备",
    backend: "接口",
    driver: "驱动",
    unknownVersion: "版本未知",
    note: "提示",
    softwareDriver: "在处理器上运行的软件驱动：能用，但慢",
    vectorWidth: "向量宽度",
    yes: "有",
    no: "无",
    subgroup: "子组大小",
    notUsable: "不可用",
    features: "启用的特性",
    products: "矩阵乘变体",
    memory: "可规划的显存",
    freeDisk: "可用磁盘",
    devices: "设备列表",
    error: "误差",
    advice: "建议",
    healthy: "一切正常。",
    faulty: "此设备计算结果有误，不要用它训练。",
    bits: (count) => `${count} 位`,
    variants: (forward, backward, decoding) => `前向 ${forward}，反向 ${backward}，单行 ${decoding}`,
  },
  advice({ code, slower, device }, command) {
    const times = slower === undefined ? "" : `比应有的速度慢约 ${slower} 倍`;
    switch (code) {
      case "openGl":
        return `没有 Vulkan 驱动，正通过 OpenGL 计算，${times}。` +
          (command === undefined ? "请安装 Vulkan 驱动。" : `请以 root 身份运行：${command}`);
      case "openGlSet":
        return `按 DENO_WEBGPU_BACKEND 的设置，正通过 OpenGL 计算，${times}。取消该设置即可使用 Vulkan。`;
      case "noSubgroups":
        return `此设备没有可用的子组运算${
          times === "" ? "，有则解码与矩阵乘更快" : `，${times}`
        }。更新驱动后或许可用。`;
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
  },
};
