// Runs the LoRA step of `deno task bench` side by side in this project, in jax-js (WebGPU on the same device, and
// WebAssembly), and in PyTorch float32 on the same processor, and prints how many times as fast ours is. What is not
// there is skipped with its reason.
import Table from "cli-table3";
import { fromFileUrl } from "@std/path";
import { prepareChildren } from "../../kernels/machine/adapter.ts";
import { z } from "../../mod.ts";
import { BENCH_CONFIGS, benchLora } from "../../tasks/bench/configs.ts";
import type { BenchReport } from "../../tasks/bench/run.ts";
import { runChild } from "../../tasks/cli/child.ts";
import { detectLanguage } from "../../tasks/cli/language.ts";
import { runMain } from "../../tasks/cli/main.ts";
import { stopWords } from "../../tasks/cli/stop_words.ts";
import { parsePeerOptions, peerOptions } from "./options.ts";

const options = z.object({
  config: z.array(z.enum(["S", "M"])).default(["S", "M"]),
  rounds: z.number().int().min(1).default(1),
  python: z.string().default(Deno.env.get("VICUNA_PEERS_PYTHON") ?? "python3"),
  ...peerOptions,
});
type Options = z.output<typeof options>;
type Config = Options["config"][number];

const file = (path: string) => fromFileUrl(new URL(path, import.meta.url));

interface Skipped {
  readonly skipped: string;
}

/** Runs a child and parses the last line that it prints; the end of its error output is the reason where it fails. */
async function child<T>(signal: AbortSignal, command: string, args: readonly string[]): Promise<T | Skipped> {
  try {
    const { code, stdout, stderr } = await runChild(command, args, { signal, env: { NO_COLOR: "1" } });
    if (code !== 0) return { skipped: stderr.trim().split("\n").at(-1) ?? "failed" };
    return JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as T;
  } catch (error) {
    signal.throwIfAborted();
    return { skipped: `${command}: ${(error as Error).message}` };
  }
}

interface Rate {
  readonly tokens_per_second: number;
}

/** Our own bench, in a child as the others are. */
const bench = (signal: AbortSignal, args: readonly string[]) =>
  child<BenchReport>(signal, Deno.execPath(), ["run", "-A", file("../../tasks/bench.ts"), "--json", ...args]);

function peersOf(signal: AbortSignal, python: string): Record<string, (config: Config) => Promise<Rate | Skipped>> {
  return {
    "vicuna, int8": async (config) => {
      const report = await bench(signal, ["--config", config, "--bits", "8"]);
      return "steps" in report ? report.steps[0] ?? { skipped: "no step was measured" } : report;
    },
    "PyTorch, float32": (config) => {
      const { model, rows, rowTokens } = BENCH_CONFIGS[config];
      const { rank, alpha } = benchLora;
      const sizes = { ...model, rows, rowTokens, rank, alpha, seconds: 5 };
      return child<Rate>(signal, python, [file("torch_step.py"), JSON.stringify(sizes)]);
    },
    "jax-js, WebGPU": (config) => jax<Rate>(signal, "webgpu", config),
    "jax-js, WebAssembly": (config) => jax<Rate>(signal, "wasm", config),
  };
}

function jax<T>(signal: AbortSignal, backend: "webgpu" | "wasm", what: string): Promise<T | Skipped> {
  // Without the lock file, which is the product's alone.
  return child<T>(signal, Deno.execPath(), ["run", "-A", "--no-lock", file("jax_step.ts"), backend, what]);
}

/** The int8 products at M 256, N 1024, K 1024 and jax-js' matmul, GFLOP/s. */
async function products(signal: AbortSignal) {
  const report = await bench(signal, ["--only", "kernels", "--bits", "8", "--shapes", "compared"]);
  const theirs = await jax<{ gflops: number }>(signal, "webgpu", "product");
  const kernels = "kernels" in report ? report.kernels : [];
  const best = (op: string) =>
    Math.max(...kernels.flatMap((kernel) => kernel.op === op && "gflops" in kernel ? [kernel.gflops] : []));
  return { product: best("product"), product_transposed: best("product_transposed"), theirs };
}

interface Entry {
  readonly config: Config;
  readonly peer: string;
  tokens_per_second?: number;
  skipped?: string;
}

async function compareSteps(signal: AbortSignal, { config: configs, rounds, python }: Options): Promise<Entry[]> {
  const peers = peersOf(signal, python);
  const rates = configs.flatMap((config) => Object.keys(peers).map((peer): Entry => ({ config, peer })));
  for (const config of configs) {
    for (let round = 0; round < rounds; round++) {
      for (const entry of rates.filter((rate) => rate.config === config && rate.skipped === undefined)) {
        const result = await peers[entry.peer]!(config);
        if ("skipped" in result) entry.skipped = result.skipped;
        else entry.tokens_per_second = Math.max(entry.tokens_per_second ?? 0, result.tokens_per_second);
      }
    }
  }
  return rates;
}

function print(rates: readonly Entry[], { product, product_transposed, theirs }: Awaited<ReturnType<typeof products>>) {
  const table = new Table({
    head: ["model", "", "tokens/s", "ours / theirs"],
    style: { head: [], border: [], compact: true },
  });
  for (const { config, peer, tokens_per_second: rate, skipped } of rates) {
    const ours = rates.find((other) => other.config === config)?.tokens_per_second;
    table.push([config, peer, rate?.toFixed(0) ?? skipped ?? "", rate && ours ? (ours / rate).toFixed(2) : ""]);
  }
  console.log(table.toString());
  const against = "gflops" in theirs
    ? `jax-js' WebGPU matmul ${theirs.gflops.toFixed(1)}: ${(product / theirs.gflops).toFixed(1)} and ${
      (product_transposed / theirs.gflops).toFixed(1)
    } times`
    : `jax-js skipped: ${theirs.skipped}`;
  console.log(
    `M 256, N 1024, K 1024, GFLOP/s: our int8 products ${product.toFixed(1)} and ${
      product_transposed.toFixed(1)
    }; ${against}`,
  );
}

await runMain(detectLanguage(Deno.args), async (signal) => {
  const given = parsePeerOptions("peers", options, "peers");
  if (!given) return;
  await prepareChildren(); // so that the peers get the vector width that our own device asks lavapipe for
  const rates = await compareSteps(signal, given);
  const matmul = await products(signal);
  if (given.json) console.log(JSON.stringify({ rates, products: matmul }));
  else print(rates, matmul);
}, stopWords(detectLanguage(Deno.args)));
