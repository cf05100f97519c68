// Run by Node: how fast llama.cpp generates. Reads { library, model, gpu, threads, promptTokens, newTokens, repeats } as
// JSON from standard input; prints { version, backend, devices, gpu_layers, prompt_tokens_per_second,
// tokens_per_second }, the best of the repeats. It fails where the backend that was asked for is not the one that runs:
// llama.cpp takes the processor silently otherwise.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const { library, model: modelPath, gpu, threads, promptTokens, newTokens, repeats } = JSON.parse(
  readFileSync(0, "utf8"),
);
const folder = join(library, "node_modules", "node-llama-cpp");
const { getLlama } = await import(pathToFileURL(join(folder, "dist", "index.js")).href);
const { version } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
const llama = await getLlama({ gpu, build: "never", logLevel: "error", maxThreads: threads });
const model = await llama.loadModel({ modelPath, ...(gpu ? { gpuLayers: "max" } : {}) });
const devices = gpu ? await llama.getGpuDeviceNames() : [];
if (llama.gpu !== gpu || (gpu && !(model.gpuLayers > 0 && devices.length > 0))) {
  throw new Error(`wanted the backend ${gpu}, found ${llama.gpu} with ${model.gpuLayers} layers on [${devices}]`);
}
const context = await model.createContext({
  threads,
  contextSize: promptTokens + newTokens + 8,
  batchSize: promptTokens,
});
const size = model.fileInfo.metadata.llama?.vocab_size ?? 1000;
const prompt = Array.from({ length: promptTokens }, (_, i) => 3 + (i * 7919) % (size - 3));
const sequence = context.getSequence();
let [prefill, decode] = [0, 0];
for (let repeat = 0; repeat < repeats; repeat++) {
  await sequence.clearHistory();
  let begin = performance.now();
  await sequence.evaluateWithoutGeneratingNewTokens(prompt.slice(0, -1));
  prefill = Math.max(prefill, (promptTokens - 1) / (performance.now() - begin) * 1000);
  let made = 0;
  for await (const _ of sequence.evaluate(prompt.slice(-1), { temperature: 0, yieldEogToken: true })) {
    if (made++ === 0) begin = performance.now();
    else if (made > newTokens) break;
  }
  decode = Math.max(decode, (made - 1) / (performance.now() - begin) * 1000);
}
console.log(JSON.stringify({
  version,
  backend: llama.gpu || "cpu",
  devices,
  gpu_layers: model.gpuLayers,
  prompt_tokens_per_second: prefill,
  tokens_per_second: decode,
}));
process.exit(0);
