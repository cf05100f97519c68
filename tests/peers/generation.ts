// Generates side by side in this project and in llama.cpp (through node-llama-cpp): on the same Vulkan device, and on the
// processor. Config M of `deno task bench`: ours with int8 weights made on the device, llama.cpp's a file of random weights
// that our exporter wrote as Q8_0. Prints tokens a second and how many times theirs ours are, the best of several rounds
// that take turns.
import Table from "cli-table3";
import { fromFileUrl, join } from "@std/path";
import { prepareChildren } from "../../kernels/machine/adapter.ts";
import { z } from "../../mod.ts";
import { exportedFile, exportModel } from "../../models/export/export_model.ts";
import { writeRandomModel } from "../../models/init_model.ts";
import { BENCH_CONFIGS, type BenchConfigName } from "../../tasks/bench/configs.ts";
import { decodeLengths } from "../../tasks/bench/decode.ts";
import type { BenchReport } from "../../tasks/bench/run.ts";
import { runChild } from "../../tasks/cli/child.ts";
import { detectLanguage } from "../../tasks/cli/language.ts";
import { runMain } from "../../tasks/cli/main.ts";
import { stopWords } from "../../tasks/cli/stop_words.ts";
import { UsageError } from "../../tasks/cli/usage_error.ts";
import { LLAMA_JSON } from "../models/sample_tokenizers.ts";
import { parsePeerOptions, peerOptions } from "./options.ts";

const names = Object.keys(BENCH_CONFIGS) as [BenchConfigName, ...BenchConfigName[]];
const options = z.object({
  config: z.enum(names).default("M"),
  rounds: z.number().int().min(1).default(3),
  llamaCpp: z.string().optional(),
  ...peerOptions,
});
type Options = z.output<typeof options>;

const file = (path: string) => fromFileUrl(new URL(path, import.meta.url));

interface Rates {
  readonly prompt_tokens_per_second: number;
  readonly tokens_per_second: number;
  readonly batched_tokens_per_second?: number;
  readonly backend?: string;
  readonly devices?: readonly string[];
}

/** Runs a child with `input` and parses the last line that it prints. Errors: it fails; with the end of what it said. */
async function child<T>(signal: AbortSignal, command: string, args: readonly string[], input = ""): Promise<T> {
  // llama.cpp leaves out devices that compute on the processor unless they are named.
  const env = { NO_COLOR: "1", GGML_VK_VISIBLE_DEVICES: "0" };
  const { code, stdout, stderr } = await runChild(command, args, { env, input, signal });
  if (code !== 0) {
    throw new Error(`${command} ${args.at(-1)} failed:\n${stderr.trim().split("\n").slice(-8).join("\n")}`);
  }
  return JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as T;
}

async function ours(signal: AbortSignal, config: BenchConfigName): Promise<Rates> {
  const bench = ["run", "-A", file("../../tasks/bench.ts"), "--only", "decode", "--bits", "8", "--json"];
  const report = await child<BenchReport>(signal, Deno.execPath(), [...bench, "--config", config]);
  return report.decode[0]!;
}

const { prompt: promptTokens, made: newTokens } = decodeLengths;

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

/** Measures all in turns. The model's file lies in `folder`. */
async function compare(
  signal: AbortSignal,
  { config, rounds }: Options,
  library: string,
  folder: string,
): Promise<Record<string, Rates>> {
  const { model } = BENCH_CONFIGS[config];
  await writeRandomModel(join(folder, "model"), { seed: 1, config: model, tokenizerJson: LLAMA_JSON });
  const request = { to: "gguf", model: join(folder, "model"), type: "q8_0" } as const;
  await exportModel({ ...request, form: "safetensors", maxShardBytes: 5e9 }, folder);
  const gguf = join(folder, exportedFile(request)!);
  const llama = (gpu: "vulkan" | false, threads: number) => {
    const request = { library, model: gguf, gpu, threads, promptTokens, newTokens, repeats: 2 };
    return child<Rates>(signal, "node", [file("llama_generation.mjs")], JSON.stringify(request));
  };
  const measures: Record<string, () => Promise<Rates>> = {
    "vicuna, int8": () => ours(signal, config),
    "llama.cpp, Vulkan": () => llama("vulkan", 2),
    "llama.cpp, processor, two threads": () => llama(false, 2),
    "llama.cpp, processor, one thread": () => llama(false, 1),
  };
  const rates: Record<string, Rates> = {};
  for (let round = 0; round < rounds; round++) {
    for (const [name, measure] of Object.entries(measures)) rates[name] = better(rates[name], await measure());
  }
  return rates;
}

function print(rates: Readonly<Record<string, Rates>>, { config, json }: Options): void {
  if (json) return console.log(JSON.stringify({ config, prompt: promptTokens, made: newTokens, rates }));
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

await runMain(detectLanguage(Deno.args), async (signal) => {
  const given = parsePeerOptions("peers-generation", options, "generation");
  if (!given) return;
  const library = given.llamaCpp ?? Deno.env.get("VICUNA_LLAMA_CPP");
  if (!library) throw new UsageError("--llama-cpp or VICUNA_LLAMA_CPP must name a folder with node-llama-cpp");
  await prepareChildren(); // so that the peer gets the vector width that our own device asks lavapipe for
  const folder = await Deno.makeTempDir();
  try {
    print(await compare(signal, given, library, folder), given);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}, stopWords(detectLanguage(Deno.args)));
