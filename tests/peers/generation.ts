// Generates side by side in this project and in llama.cpp (through node-llama-cpp): on the same Vulkan device, and on the
// processor. Config M of `deno task bench`: ours with int8 weights made on the device, llama.cpp's a file of random weights
// that our exporter wrote as Q8_0. Prints tokens a second and how many times theirs ours are, the best of several rounds
// that take turns. Usage: deno task peers-generation [--config M] [--rounds 3] [--llama-cpp FOLDER] [--json]
// FOLDER, or the variable VICUNA_LLAMA_CPP, is one that tests/interop/llama_cpp.json was installed into.
import { parseArgs } from "@std/cli/parse-args";
import Table from "cli-table3";
import { fromFileUrl, join } from "@std/path";
import { hasAvx512 } from "../../kernels/processor.ts";
import { exportedFile, exportModel } from "../../models/export/export_model.ts";
import { writeRandomModel } from "../../models/init_model.ts";
import { BENCH_CONFIGS, type BenchConfigName } from "../../tasks/bench/configs.ts";
import { decodeLengths } from "../../tasks/bench/decode.ts";
import type { BenchReport } from "../../tasks/bench/run.ts";
import { LLAMA_JSON } from "../models/sample_tokenizers.ts";

const flags = parseArgs(Deno.args, { string: ["config", "rounds", "llama-cpp"], boolean: ["json"] });
const config = (flags["config"] ?? "M") as BenchConfigName;
const rounds = Number(flags["rounds"] ?? 3);
const library = flags["llama-cpp"] ?? Deno.env.get("VICUNA_LLAMA_CPP");
const file = (path: string) => fromFileUrl(new URL(path, import.meta.url));

interface Rates {
  readonly prompt_tokens_per_second: number;
  readonly tokens_per_second: number;
  readonly batched_tokens_per_second?: number;
  readonly backend?: string;
  readonly devices?: readonly string[];
}

/** Runs a child with `input` and parses the last line that it prints. Errors: it fails; with the end of what it said. */
async function child<T>(command: string, args: readonly string[], input = ""): Promise<T> {
  const env = {
    XDG_RUNTIME_DIR: Deno.env.get("XDG_RUNTIME_DIR") ?? "/tmp",
    NO_COLOR: "1",
    // llama.cpp leaves out devices that compute on the processor unless they are named.
    GGML_VK_VISIBLE_DEVICES: "0",
    ...vectorWidth(),
  };
  const process = new Deno.Command(command, { args: [...args], env, stdin: "piped", stdout: "piped", stderr: "piped" })
    .spawn();
  const writer = process.stdin.getWriter();
  await writer.write(new TextEncoder().encode(input));
  await writer.close();
  const { success, stdout, stderr } = await process.output();
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes).trim();
  if (!success) {
    throw new Error(`${command} ${args.at(-1)} failed:\n${decode(stderr).split("\n").slice(-8).join("\n")}`);
  }
  return JSON.parse(decode(stdout).split("\n").at(-1) ?? "") as T;
}

/** The vector width that our own device asks lavapipe for, so that the peer has the same. */
function vectorWidth(): Record<string, string> {
  return hasAvx512() ? { LP_NATIVE_VECTOR_WIDTH: "512" } : {};
}

async function ours(): Promise<Rates> {
  const bench = ["run", "-A", file("../../tasks/bench.ts"), "--only", "decode", "--bits", "8", "--json"];
  const report = await child<BenchReport>(Deno.execPath(), [...bench, "--config", config]);
  return report.decode[0]!;
}

const { prompt: promptTokens, made: newTokens } = decodeLengths;

function llama(model: string, gpu: "vulkan" | false, threads: number): Promise<Rates> {
  const request = { library, model, gpu, threads, promptTokens, newTokens, repeats: 2 };
  return child<Rates>("node", [file("llama_generation.mjs")], JSON.stringify(request));
}

/** The better of two measurements of the same thing. */
function better(one: Rates | undefined, other: Rates): Rates {
  if (!one) return other;
  const most = (key: "prompt_tokens_per_second" | "tokens_per_second" | "batched_tokens_per_second") =>
    Math.max(one[key] ?? 0, other[key] ?? 0);
  return {
    ...other,
    prompt_tokens_per_second: most("prompt_tokens_per_second"),
    tokens_per_second: most("tokens_per_second"),
    batched_tokens_per_second: most("batched_tokens_per_second"),
  };
}

if (!library) throw new Error("--llama-cpp or VICUNA_LLAMA_CPP must name a folder with node-llama-cpp");
const folder = await Deno.makeTempDir();
try {
  const { model } = BENCH_CONFIGS[config];
  await writeRandomModel(join(folder, "model"), { seed: 1, config: model, tokenizerJson: LLAMA_JSON });
  const request = { to: "gguf", model: join(folder, "model"), type: "q8_0" } as const;
  await exportModel({ ...request, form: "safetensors", maxShardBytes: 5e9 }, folder);
  const gguf = join(folder, exportedFile(request)!);
  const measures: Record<string, () => Promise<Rates>> = {
    "vicuna, int8": ours,
    "llama.cpp, Vulkan": () => llama(gguf, "vulkan", 2),
    "llama.cpp, processor, two threads": () => llama(gguf, false, 2),
    "llama.cpp, processor, one thread": () => llama(gguf, false, 1),
  };
  const rates: Record<string, Rates> = {};
  for (let round = 0; round < rounds; round++) {
    for (const [name, measure] of Object.entries(measures)) rates[name] = better(rates[name], await measure());
  }
  print(rates);
} finally {
  await Deno.remove(folder, { recursive: true });
}

function print(rates: Readonly<Record<string, Rates>>): void {
  if (flags["json"]) return console.log(JSON.stringify({ config, prompt: promptTokens, made: newTokens, rates }));
  const own = rates["vicuna, int8"]!;
  const table = new Table({
    head: [config, "prompt tokens/s", "ours / theirs", "tokens/s", "ours / theirs", "8 sequences"],
    style: { head: [], border: [], compact: true },
  });
  for (const [name, rate] of Object.entries(rates)) {
    const { prompt_tokens_per_second: prompt, tokens_per_second: decode, batched_tokens_per_second: batched } = rate;
    const [p, d] = [own.prompt_tokens_per_second / prompt, own.tokens_per_second / decode];
    table.push([
      name,
      prompt.toFixed(0),
      p.toFixed(2),
      decode.toFixed(1),
      d.toFixed(2),
      batched ? `${batched.toFixed(0)} (${(batched / decode).toFixed(2)} × one)` : "",
    ]);
  }
  console.log(table.toString());
  console.log(`llama.cpp's Vulkan device: ${rates["llama.cpp, Vulkan"]!.devices?.join(", ")}`);
}
