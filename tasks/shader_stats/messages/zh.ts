import type { StatsWords } from "./en.ts";

/** What `shader-stats` says in Chinese. */
export const ZH: StatsWords = {
  options: {
    target: "为哪些显卡编译（系统自带驱动所支持的）",
    all: "也包括 Debian 13 的 Mesa 所支持的显卡（tests/drivers/unpack_mesa25.sh）",
    only: "按名称的一部分选择内核（全部）",
    compare: "要比较的先前一次运行的 JSON 文件",
    save: "写入每个内核的 WGSL 和指令的文件夹",
    check: "内核超出 limits.json 中的限度时以失败结束",
    pin: "把 limits.json 的限度收紧到本次结果，从不放松",
  },
  description:
    "为不必在本机上的显卡编译所有计算内核，并打印其编译器的说法：寄存器、溢出、共享内存、可同时驻留的子组数，" +
    "以及主循环中乘加所占的比例。不运行任何内核，因此没有用时；读法见 docs/gpu.md。",
  footer: "示例：\n" +
    "  shader-stats                                      系统自带驱动所支持的显卡，全部内核\n" +
    "  shader-stats --target navi21 --only attention     只看一种显卡上的注意力内核\n" +
    "  shader-stats --json > before.json                 留待修改之后比较：\n" +
    "  shader-stats --compare before.json\n" +
    "  shader-stats --only attention --save shaders      同时把每个内核的 WGSL 和指令写入文件",
  heading: (card, driver, subgroups) =>
    `${card}，${driver}，${subgroups ? `使用 ${subgroups} 线程子组的内核` : "不使用子组的内核"}`,
  columns: [
    "内核",
    "线程",
    "寄存器",
    "溢出",
    "暂存",
    "共享",
    "驻留",
    "指令",
    "循环",
    "乘加",
    "每次加载",
    "延迟",
    "吞吐",
  ],
  legend:
    "线程：一个子组的线程数。寄存器：每线程 / 每子组。溢出：放不下的寄存器数（循环中搬移它们的指令数）。暂存、共享：字节。驻留：一个单元可同时容纳的" +
    "子组数。循环：计算最多的循环的指令数。乘加：其中乘加所占比例。每次加载：每次乘加对应的内存加载 + 共享内存加载。" +
    "延迟、吞吐：编译器估计的周期数。",
  digest: (digest) => `内核：${digest}`,
  spilling: (target, kernels, all) => `${target}：${all} 个内核中有 ${kernels} 个溢出或使用暂存`,
  compiling: (target) => `正在为 ${target} 编译`,
  missing: (target, reason) => `${target}：跳过，${reason}`,
  compared: (file) => `与 ${file} 的差别`,
  same: "没有内核不同。",
  only: { before: "已消失", now: "新增" },
  figures: {
    registers: "寄存器",
    spilled: "溢出",
    scratch: "暂存",
    shared: "共享",
    occupancy: "驻留",
    instructions: "指令",
    loop: "循环",
    share: "乘加 %",
    throughput: "吞吐",
  },
  limits: {
    held: (target) => `${target}：所有内核都在限度之内`,
    otherVersion: (target, wanted, found) => `${target}：未判定，限度针对 ${wanted}，本机为 ${found}`,
    worse: ({ figure, found, limit }) =>
      `${figure} 为 ${found}，${figure === "share" ? "至少应为" : "最多允许"} ${limit}`,
    loose: ({ figure, found, limit }) => `${figure} 为 ${found}，而限度写的是 ${limit}，过松；用 --pin 收紧`,
    missing: ({ figure, found }) => `${figure} 为 ${found}，没有对应的限度；用 --pin 写入`,
    gone: () => "有限度，却没有这样的内核或数值；--pin 会将其删去",
    pinned: (file) => `${file} 中的限度已与内核一致`,
  },
};
