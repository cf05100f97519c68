// The programs that these tests compare with, where they are installed (README.md).
import { fromFileUrl } from "@std/path";

const here = fromFileUrl(new URL("./", import.meta.url));

/** A Python with the packages of tests/models/goldens/requirements.txt. */
const python = Deno.env.get("VICUNA_PYTHON");

/** A folder into which llama_cpp.json was installed. */
const llamaFolder = Deno.env.get("VICUNA_LLAMA_CPP");

/** Begins a test that needs Python: skipped, with the reason in its name, where there is none. */
export function withPython(name: string): { name: string; ignore: boolean } {
  return skippable(
    name,
    python,
    "VICUNA_PYTHON names no Python with torch, transformers and peft",
  );
}

/** Begins a test that needs llama.cpp: skipped, with the reason in its name, where there is none. */
export function withLlamaCpp(name: string): { name: string; ignore: boolean } {
  return skippable(
    name,
    llamaFolder,
    "VICUNA_LLAMA_CPP names no folder with node-llama-cpp",
  );
}

function skippable(
  name: string,
  tool: string | undefined,
  reason: string,
): { name: string; ignore: boolean } {
  return { name: tool ? name : `${name} (skipped: ${reason})`, ignore: !tool };
}

async function run(
  program: string,
  args: readonly string[],
  stdin = "",
): Promise<unknown> {
  const env = { HF_HUB_OFFLINE: "1", TRANSFORMERS_VERBOSITY: "error" };
  const command = new Deno.Command(program, {
    args: [...args],
    env,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  });
  const child = command.spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(stdin));
  await writer.close();
  const { success, stdout, stderr } = await child.output();
  const text = new TextDecoder().decode(stdout);
  if (!success) {
    throw new Error(
      `${program} ${args[0]} failed:\n${text}${new TextDecoder().decode(stderr)}`,
    );
  }
  return JSON.parse(text.trim().split("\n").at(-1) ?? "");
}

/** Runs a command of torch_tools.py. */
export function torchTool(...args: string[]): Promise<unknown> {
  return run(python ?? "", [`${here}torch_tools.py`, ...args]);
}

/** The ids that SentencePiece gives for texts by a tokenizer.model, without begin and end. */
export async function sentencePieceIds(model: string, texts: readonly string[]): Promise<number[][]> {
  const request = JSON.stringify({ model, texts });
  return await run(python ?? "", [`${here}sentencepiece_tool.py`], request) as number[][];
}

/** Logits (T, V) of ids by transformers, and PEFT where an adapter is given. */
export async function torchLogits(
  model: string,
  ids: readonly number[],
  adapter?: string,
): Promise<Float32Array> {
  const out = await Deno.makeTempFile();
  try {
    const more = adapter === undefined ? [] : ["--adapter", adapter];
    await torchTool(
      "logits",
      model,
      "--ids",
      JSON.stringify(ids),
      "--out",
      out,
      ...more,
    );
    return new Float32Array((await Deno.readFile(out)).buffer);
  } finally {
    await Deno.remove(out);
  }
}

/** What llama.cpp is asked. */
export interface LlamaCppRequest {
  /** A GGUF file. */
  readonly model: string;
  /** A GGUF LoRA file. */
  readonly lora?: string;
  readonly prompt: readonly number[];
  /** Greedy ids wanted. */
  readonly count: number;
  readonly texts?: readonly string[];
}

/** Greedy ids after a prompt, and the ids of texts without begin and end, by llama.cpp on the processor. */
export async function llamaCpp(
  request: LlamaCppRequest,
): Promise<{ tokens: number[]; encoded: number[][] }> {
  const input = JSON.stringify({ texts: [], ...request, library: llamaFolder });
  const { version, ...result } = await run(
    "node",
    [`${here}greedy.mjs`],
    input,
  ) as {
    version: string;
    tokens: number[];
    encoded: number[][];
  };
  const { dependencies } = JSON.parse(
    await Deno.readTextFile(`${here}llama_cpp.json`),
  );
  const wanted = dependencies["node-llama-cpp"];
  if (version !== wanted) {
    throw new Error(
      `node-llama-cpp is ${version}; llama_cpp.json pins ${wanted}`,
    );
  }
  return result;
}
