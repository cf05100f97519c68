import type { CardReportMessages } from "./en.ts";

/** What `card-report` says in Chinese. */
export const ZH: CardReportMessages = {
  options: {
    minutes: "最多用时（分钟）",
    steps: "quickstart 的训练步数",
    only: "只做其中几项；只在我们请求时才需要",
    outputPath: "两个文件所在的文件夹",
  },
  description:
    "在十分钟内测出我们想知道的关于本机显卡的一切，写成两个可以发给我们的文件：驱动与自检、数值测试、速度、一小段训练。不会自动发送。",
  parts: {
    doctor: "设备、驱动与自检",
    tests: "数值测试",
    products: "计算内核的速度",
    "step-S": "模型 S 的训练步",
    "step-M": "模型 M 的训练步",
    quickstart: "quickstart 的训练步",
    "step-llama-7b": "LLaMA-7B 的训练步",
  },
  progress: (part, words, inPart, inAll) =>
    `${part}${words && `：${words}`}（此项最多还要 ${inPart}，全部最多 ${inAll}）`,
  end: (files) =>
    `报告已写入，尚未发送到任何地方：\n${files}\n其中没有主机名、用户名和路径。请过目后把两个文件发给我们，方法见 docs/cards.md。`,
};
