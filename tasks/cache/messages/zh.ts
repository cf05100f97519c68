import type { CacheMessages } from "./en.ts";

/** What `cache` says in Chinese. */
export const ZH: CacheMessages = {
  options: {
    keep: "gc：除固定的运行外保留什么：每条流水线最近几次运行（3）、最近用过的（7d、12h），或总大小（20GB）",
    dryRun: "gc、rm：只说明会删除什么",
  },
  description: `查看并清理缓存。

  ls                 列出条目：大小、时间、计算用时、来源
  why A [B]          两个条目之间的全部差别，精确到每个参数；只给一个时与最接近的条目比较；给出流水线（配方或文件）时说明各步为何需要计算
  verify [键...]     重新读取全部文件，与发布时比较
  gc                 删除 --keep 不保留的条目，以及被中断的运行留下的文件
  rm 键...           删除条目

键写开头若干字符即可，也可写步骤名（表示其最新条目）。`,
  noEntry: (name) => `缓存中没有条目 ${name}`,
  severalKeys: (name, keys) => `${name} 对应 ${keys} 个键，请多写几个字符`,
  columns: ["步骤", "键", "大小", "上次使用", "用时", "参数"],
  pinned: "已固定",
  ago: (age) => `${age}前`,
  total: (entries, bytes, leavings, left) => `${entries} 个条目，${bytes}；进行中或中断的工作 ${leavings} 项，${left}`,
  whyWhat: "cache why：请给出键、步骤或流水线",
  noOther: (stage) => `${stage} 没有别的条目`,
  cached: "已缓存",
  shared: "在共享缓存中",
  dependsOn: (stages) => `取决于 ${stages.join("、")}`,
  verified: (read, damaged) => `已读取 ${read} 个条目，损坏 ${damaged} 个；损坏的条目在需要时会被移开并重新计算`,
  inUse: (count) => `；${count} 个正在使用，保留`,
  wouldFree: (bytes, stays) => `将释放 ${bytes}${stays}`,
  freed: (bytes, stays) => `已释放 ${bytes}${stays}`,
  removeWhat: "cache rm：请给出要删除的键",
  entryInUse: "正在使用：",
  unknownCommand: (found) => `cache：需要 ls、why、verify、gc 或 rm，实际为 ${found ?? "空"}`,
};
