import type { ReproduceMessages } from "./en.ts";

/** What `reproduce` says in Chinese. */
export const ZH: ReproduceMessages = {
  options: {
    checkDevice: "即使设备不同也只接受逐字节相同的结果",
    tolerance: "设备不同时数值允许的相对误差",
    cacheDir: "缓存文件夹；新缓存建于其中，结束后删除",
  },
  description:
    "以锁文件 vicuna.lock.json 中的选项和空缓存重新计算流水线，逐步比较：设备相同须逐字节相同，否则数值须在误差之内。",
  identical: "逐字节相同",
  close: (percent) => `设备不同，误差不超过 ${percent}`,
  differs: "不同",
  drifted: "已改变",
  missing: "一方缺少此步骤",
  columns: ["步骤", "锁定", "实际", "结论"],
  reproduced: "已复现。",
  notReproduced: "未能复现。",
};
