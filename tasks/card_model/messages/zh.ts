import type { ModelWords } from "./en.ts";

/** What `card-model` says in Chinese. */
export const ZH: ModelWords = {
  description:
    "根据厂商给出的数据和编译器对各内核的编译结果，推算内核在显卡上应达到的速度：这只是预期，要等第一张真正的显卡来检验" +
    "（card-report）。公式见 docs/card_model.md。",
  footer: "示例：\n" +
    "  card-model             所有已知显卡上 LLaMA-7B（int8）的训练步和逐个生成的 token\n" +
    "  card-model --json      供程序使用",
  json: "输出一个 JSON 对象，而不是表格",
  columns: [
    "显卡",
    "token 数",
    "重算的层",
    "一步",
    "token/秒",
    "矩阵乘 / 注意力 / 其余",
    "矩阵乘受限于",
    "占上限",
    "split-K 2",
    "activations int8",
    "先前的内核",
  ],
  decodeColumns: ["显卡", "带宽占比", "token/秒"],
  layers: (count) => `32 层中的 ${count} 层`,
  seconds: (seconds) => `${seconds.toFixed(2)} 秒`,
  limits: {
    "multiply-adds": "乘加",
    "instructions": "指令",
    "workgroup memory": "工作组内存",
    "cache": "一级缓存",
    "memory": "显存",
    "latency": "线程不足",
  },
  steps: "LLaMA-7B（int8）的一步，q 和 v 上秩为 8 的 LoRA，一行数据；是预期，不是测得：",
  decode: "逐个生成 token，一个序列，int8：",
  digest: (digest) => `内核：${digest}`,
};
