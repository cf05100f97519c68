import type { PeerMessages } from "./en.ts";

/** What comparisons with other programs say in Chinese. */
export const ZH: PeerMessages = {
  peers: {
    description: "在同一台机器上把本项目的训练步与 jax-js、PyTorch 对比。缺少的对手会跳过。",
    options: {
      config: "要对比训练步的模型",
      rounds: "轮流测量的轮数，取各自最好的一次",
      python: "装有 torch 的 Python；也可用环境变量 VICUNA_PEERS_PYTHON 指定",
    },
  },
  generation: {
    description: "把本项目的生成速度与 llama.cpp 对比（同一设备，以及处理器）。需要 Node.js。",
    options: {
      config: "用来生成的模型",
      rounds: "轮流测量的轮数，取各自最好的一次",
      llamaCpp: "按 tests/interop/llama_cpp.json 安装的文件夹；也可用环境变量 VICUNA_LLAMA_CPP 指定",
    },
  },
};
