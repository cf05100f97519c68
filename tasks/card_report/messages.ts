import { formatDuration } from "../cli/render/format.ts";
import type { Language } from "../cli/language.ts";
import type { CardPart } from "./report.ts";
import type { CardProgress } from "./run.ts";

const partsEn: Readonly<Record<CardPart, string>> = {
  doctor: "device, driver, self-check",
  tests: "numeric tests",
  products: "speed of kernels",
  "step-S": "training step of S",
  "step-M": "training step of M",
  quickstart: "steps of the quickstart",
  "step-llama-7b": "training step of LLaMA-7B",
};

const partsZh: Readonly<Record<CardPart, string>> = {
  doctor: "设备、驱动与自检",
  tests: "数值测试",
  products: "计算内核的速度",
  "step-S": "模型 S 的训练步",
  "step-M": "模型 M 的训练步",
  quickstart: "quickstart 的训练步",
  "step-llama-7b": "LLaMA-7B 的训练步",
};

/** A line on how far a report is. */
export function progressLine(
  { part, number, of, words, partLeftMs, leftMs }: CardProgress,
  language: Language,
): string {
  const [inPart, inAll] = [partLeftMs, leftMs].map((ms) => formatDuration(Math.max(0, Math.round(ms / 1000) * 1000)));
  const head = `[${number}/${of}]`;
  return language === "zh"
    ? `${head} ${partsZh[part]}${words && `：${words}`}（此项最多还要 ${inPart}，全部最多 ${inAll}）`
    : `${head} ${partsEn[part]}${words && `: ${words}`} (at most ${inPart} more, ${inAll} for all)`;
}

/** What is said in the end. */
export function endLines(files: readonly string[], language: Language): string {
  const zh = language === "zh";
  const list = files.map((file) => `  ${file}`).join("\n");
  return zh
    ? `报告已写入，尚未发送到任何地方：\n${list}\n其中没有主机名、用户名和路径。请过目后把两个文件发给我们，方法见 docs/cards.md。`
    : `The report is written, and was sent nowhere:\n${list}\n` +
      "It holds no name of you or of the machine, and no paths. Look through it, then send both files: docs/cards.md says where.";
}
