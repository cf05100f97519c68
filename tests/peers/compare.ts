// Runs the LoRA step of `deno task bench` side by side in this project, in jax-js (WebGPU on the same device, and
// WebAssembly), and in PyTorch float32 on the same processor, and prints how many times as fast ours is. What is not
// there is skipped with its reason. Usage: deno task peers [--config S --config M] [--rounds N] [--python PATH] [--json]
// PATH, or the variable VICUNA_PEERS_PYTHON, is a Python that has torch.
import { parseArgs } from "@std/cli/parse-args";
import Table from "cli-table3";
import { fromFileUrl } from "@std/path";
import { hasAvx512 } from "../../kernels/processor.ts";
import { BENCH_CONFIGS, benchLora } from "../../tasks/bench/configs.ts";
import type { BenchReport } from "../../tasks/bench/run.ts";

const flags = parseArgs(Deno.args, {
  string: ["config", "rounds", "python"],
  boolean: ["json"],
  collect: ["config"],
});
const configs = ((flags["config"] as string[]).length ? flags["config"] : ["S", "M"]) as ("S" | "M")[];
const rounds = Number(flags["rounds"] ?? 1);
const python = String(flags["python"] ?? Deno.env.get("VICUNA_PEERS_PYTHON") ?? "python3");
const file = (path: string) => fromFileUrl(new URL(path, import.meta.url));

/** Runs a child and parses the last line that it prints; the end of its error output is the reason where it fails. */
async function child<T>(command: string, args: readonly string[]): Promise<T | { readonly skipped: string }> {
  const env = { XDG_RUNTIME_DIR: Deno.env.get("XDG_RUNTIME_DIR") ?? "/tmp", NO_COLOR: "1", ...vectorWidth() };
  try {
    const { success, stdout, stderr } = await new Deno.Command(command, { args: [...args], env }).output();
    const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes).trim();
    if (!success) return { skipped: decode(stderr).split("\n").at(-1) ?? "failed" };
    return JSON.parse(decode(stdout).split("\n").at(-1) ?? "") as T;
  } catch (error) {
    return { skipped: `${command}: ${(error as Error).message}` };
  }
}

/** The vector width that our own device asks lavapipe for, so that the peers have the same. */
function vectorWidth(): Record<string, string> {
  return hasAvx512() ? { LP_NATIVE_VECTOR_WIDTH: "512" } : {};
}

interface Rate {
  readonly tokens_per_second: number;
}

const peers: Record<string, (config: "S" | "M") => Promise<Rate | { readonly skipped: string }>> = {
  "vicuna, int8": async (config: "S" | "M") => {
    const report = await child<BenchReport>(Deno.execPath(), [
      ...["run", "-A", file("../../tasks/bench.ts"), "--config", config, "--bits", "8", "--json"],
    ]);
    return "steps" in report ? report.steps[0] ?? { skipped: "no step was measured" } : report;
  },
  "PyTorch, float32": (config: "S" | "M") => {
    const { model, rows, rowTokens } = BENCH_CONFIGS[config];
    const { rank, alpha } = benchLora;
    const sizes = { ...model, rows, rowTokens, rank, alpha, seconds: 5 };
    return child<Rate>(python, [file("torch_step.py"), JSON.stringify(sizes)]);
  },
  "jax-js, WebGPU": (config: "S" | "M") => jax<Rate>("webgpu", config),
  "jax-js, WebAssembly": (config: "S" | "M") => jax<Rate>("wasm", config),
};

function jax<T>(backend: "webgpu" | "wasm", what: string): Promise<T | { readonly skipped: string }> {
  // Without the lock file, which is the product's alone.
  return child<T>(Deno.execPath(), ["run", "-A", "--no-lock", file("jax_step.ts"), backend, what]);
}

/** The int8 products at M 256, N 1024, K 1024 and jax-js' matmul, GFLOP/s. */
async function products() {
  const report = await child<BenchReport>(Deno.execPath(), [
    ...[
      "run",
      "-A",
      file("../../tasks/bench.ts"),
      "--only",
      "kernels",
      "--bits",
      "8",
      "--shapes",
      "compared",
      "--json",
    ],
  ]);
  const theirs = await jax<{ gflops: number }>("webgpu", "product");
  const kernels = "kernels" in report ? report.kernels : [];
  const best = (op: string) =>
    Math.max(...kernels.flatMap((kernel) => kernel.op === op && "gflops" in kernel ? [kernel.gflops] : []));
  return { product: best("product"), product_transposed: best("product_transposed"), theirs };
}

const rates: { config: string; peer: string; tokens_per_second?: number; skipped?: string }[] = [];
for (const config of configs) {
  for (const peer of Object.keys(peers)) rates.push({ config, peer });
  for (let round = 0; round < rounds; round++) {
    for (const entry of rates.filter((rate) => rate.config === config)) {
      if (entry.skipped !== undefined) continue;
      const result = await peers[entry.peer]!(config);
      if ("skipped" in result) entry.skipped = result.skipped;
      else entry.tokens_per_second = Math.max(entry.tokens_per_second ?? 0, result.tokens_per_second);
    }
  }
}
const matmul = await products();
if (flags["json"]) console.log(JSON.stringify({ rates, products: matmul }));
else {
  const table = new Table({
    head: ["model", "", "tokens/s", "ours / theirs"],
    style: { head: [], border: [], compact: true },
  });
  for (const { config, peer, tokens_per_second: rate, skipped } of rates) {
    const ours = rates.find((other) => other.config === config)?.tokens_per_second;
    table.push([config, peer, rate?.toFixed(0) ?? skipped ?? "", rate && ours ? (ours / rate).toFixed(2) : ""]);
  }
  console.log(table.toString());
  const { product, product_transposed, theirs } = matmul;
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
