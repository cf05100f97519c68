// Run by Node: what llama.cpp makes of a GGUF file. Reads { library, model, lora?, prompt, count, texts } as JSON from
// standard input, prints { version, tokens, encoded }: `count` greedy ids after the ids of `prompt`, and the ids of texts.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const { library, model: modelPath, lora, prompt, count, texts } = JSON.parse(
  readFileSync(0, "utf8"),
);
const folder = join(library, "node_modules", "node-llama-cpp");
const { getLlama } = await import(
  pathToFileURL(join(folder, "dist", "index.js")).href
);
const { version } = JSON.parse(
  readFileSync(join(folder, "package.json"), "utf8"),
);
const llama = await getLlama({
  gpu: false,
  build: "never",
  logLevel: "error",
  maxThreads: 1,
});
const model = await llama.loadModel({ modelPath });
const context = await model.createContext({
  threads: 1, // more would wait for one another in turns where other programs hold the cores
  contextSize: prompt.length + count + 1,
  ...(lora === undefined ? {} : { lora: { adapters: [{ filePath: lora, scale: 1 }] } }),
});
const tokens = [];
for await (
  const token of context.getSequence().evaluate(prompt, {
    temperature: 0,
    yieldEogToken: true,
  })
) {
  tokens.push(token);
  if (tokens.length === count) break;
}
console.log(
  JSON.stringify({
    version,
    tokens,
    encoded: texts.map((text) => model.tokenize(text).map(Number)),
  }),
);
process.exit(0);
