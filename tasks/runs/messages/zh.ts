import type { RunsMessages } from "./en.ts";

/** What `runs` says in Chinese. */
export const ZH: RunsMessages = {
  options: {
    all: "也列出 generate、chat、serve 和 export 的查找",
  },
  description: `列出流水线的运行记录，最新的在前。

  diff A B           两次运行不同的参数与指标
  pin A、unpin A     使某次运行的结果不被 \`cache gc\` 删除，或取消

运行以其编号或编号开头表示；\`last\` 为最新一次。`,
  noId: "runs：请给出运行编号",
  noRun: (name) => `没有运行 ${name}`,
  severalRuns: (name, ids) => `${name} 对应 ${ids.length} 次运行：${ids.join("、")}`,
  columns: ["运行", "流水线", "状态", "用时", "选项", "指标或结束原因"],
  statuses: { running: "进行中", silent: "无响应", done: "完成", failed: "失败", stopped: "停止" },
  failedAt: (stage, why) => `失败${stage === undefined ? "" : `于 ${stage}`}${why === undefined ? "" : `：${why}`}`,
  stoppedAt: (stage) => `停止${stage === undefined ? "" : `于 ${stage}`}`,
  silentAt: (stage, seen) => `最后一次响应 ${seen}，可能已终止${stage === undefined ? "" : `于 ${stage}`}`,
  pinnedMark: "* 已固定",
  pinned: (id) => `已固定 ${id}`,
  unpinned: (id) => `已取消固定 ${id}`,
  unknownCommand: (found) => `runs：需要 list、diff、pin 或 unpin，实际为 ${found}`,
  noDifference: "两者没有差别。",
};
