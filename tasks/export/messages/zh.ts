import type { ExportMessages } from "./en.ts";

/** What `export` says in Chinese. */
export const ZH: ExportMessages = {
  options: {
    outputPath: "输出文件夹（hf、peft）或文件（gguf、gguf-lora）",
    baseModel:
      "基座模型（原始权重）：文件夹、.gguf 文件，或 Hugging Face 上的 owner/name；省略则为 quickstart 的基座；peft 不需要",
    loraPath: "适配器文件夹；省略则原样导出基座",
    name: "文件中记录的模型名（gguf）；默认取文件夹名",
    cacheDir: "缓存文件夹（用于 Hugging Face 上的模型）",
    overwrite: "覆盖 --output-path 处先前的导出；其他内容一律不覆盖",
  },
  description: "把基座与适配器合并后导出，或单独导出适配器，供其他程序使用。",
};
