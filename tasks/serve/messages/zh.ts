import type { ServeMessages } from "./en.ts";

/** What `serve` says in Chinese. */
export const ZH: ServeMessages = {
  options: {
    host: "监听地址；本机以外的地址须同时给出 --api-key",
    port: "监听端口；0 表示任选空闲端口",
    apiKey: "调用者须出示的密钥；也可用环境变量 VICUNA_API_KEY",
    allowOrigin: "允许调用的其他网页来源，如 https://example.org；* 表示全部",
    allowHost: "本机的其他名称，如容器中的 host.docker.internal",
    slots: "同时生成的回答数",
    queue: "可排队等待的请求数；超出即拒绝",
  },
  description: "提供与模型对话的网页，以及与 OpenAI 兼容的接口（/v1）。",
  wantsKey: (host, variable) => `--host ${host} 可被其他机器访问：请同时给出 --api-key（或 ${variable}）`,
  serving: (address) => `服务地址 ${address}`,
  inUse: (where) => `serve：${where} 已被占用；请用 --port 选择其他端口，0 表示任意空闲端口`,
};
