// How fast rows become tokens: merging and tokenising made-up rows in BELLE's and Guanaco's form.
import process from "node:process";
import Table from "cli-table3";
import { join } from "@std/path";
import { defaultWorkers } from "../../datasets/job_pool.ts";
import { mergeSources } from "../../datasets/merging/merge.ts";
import { TokenWriter } from "../../datasets/tokens/token_writer.ts";
import { buildTokenizer } from "../../models/formats/tokenizer/tokenizer_builder.ts";
import { loadTokenizer } from "../../models/tokenizer/tokenizer.ts";
import { tokenizeSplit } from "../../pipeline/stages/tokens/tokenize_split.ts";
import { benchMessagesIn } from "./messages.ts";
import { COMMON, WORDS, writeSyntheticRows } from "./synthetic_rows.ts";
import type { Language } from "../cli/language.ts";

/** What one of the two took. */
interface Cost {
  readonly seconds: number;
  /** Processor time of all threads. */
  readonly cpu_seconds: number;
  /** Largest resident memory of the process, in bytes. */
  readonly peak_rss: number;
}

/** Figures of merging and tokenising. */
export interface DataResult {
  readonly rows: number;
  /** Size of the rows as published. */
  readonly bytes: number;
  readonly workers: number;
  readonly vocabulary: number;
  readonly merge: Cost & {
    readonly mb_per_second: number;
    /** A processor core that does nothing else. */
    readonly mb_per_core_second: number;
  };
  readonly tokenize: Cost & {
    /** Tokens written, with bos and eos; what is cut off does not count. */
    readonly tokens: number;
    readonly tokens_per_second: number;
    readonly tokens_per_core_second: number;
  };
}

/** As many pieces as LLaMA's vocabulary has. */
const vocabularySize = 32_000;

/** Measures with so many rows, in a temporary folder. */
export async function benchData(rows: number, signal: AbortSignal): Promise<DataResult> {
  const folder = await Deno.makeTempDir({ prefix: "vicuna-bench-" });
  try {
    const { belle, guanaco, bytes } = writeSyntheticRows(folder, rows);
    await Deno.writeTextFile(join(folder, "tokenizer.json"), syntheticTokenizer());
    const workers = defaultWorkers();
    const sources = [{ name: "belle.json", path: belle }, { name: "guanaco.json", path: guanaco }];
    const merge = await measured(async () => {
      await mergeSources(sources, { directory: folder, validation: 200, seed: 42, workers, signal });
    });
    using tokenizer = await loadTokenizer(folder);
    const setup = {
      tokenizer: folder,
      template: "alpaca",
      maxTokens: 256,
      trainOn: "answers",
      longRows: "cut",
    } as const;
    let tokens = 0;
    const tokenize = await measured(async () => {
      const writer = new TokenWriter(folder, "train");
      const split = await tokenizeSplit(join(folder, "train.jsonl"), writer, setup, workers, signal, () => {});
      tokens = split.tokens;
    });
    const megabytes = bytes / 1e6;
    return {
      rows,
      bytes,
      workers,
      vocabulary: tokenizer.vocabularySize,
      merge: {
        ...merge,
        mb_per_second: megabytes / merge.seconds,
        mb_per_core_second: megabytes / merge.cpu_seconds,
      },
      tokenize: {
        ...tokenize,
        tokens,
        tokens_per_second: tokens / tokenize.seconds,
        tokens_per_core_second: tokens / tokenize.cpu_seconds,
      },
    };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** The figures as a table. */
export function dataTable({ rows, bytes, workers, merge, tokenize }: DataResult, language: Language): string {
  const messages = benchMessagesIn(language);
  const table = new Table({
    head: [...messages.dataColumns],
    style: { head: [], border: [], compact: true },
  });
  const memory = (bytes: number) => `${(bytes / 1e6).toFixed(0)} MB`;
  const mb = (rate: number) => `${rate.toFixed(1)} MB/s`;
  const millions = (rate: number) => `${(rate / 1e6).toFixed(2)} M tokens/s`;
  table.push(
    [
      messages.merge,
      merge.seconds.toFixed(1),
      mb(merge.mb_per_second),
      mb(merge.mb_per_core_second),
      memory(merge.peak_rss),
    ],
    [
      messages.tokenise,
      tokenize.seconds.toFixed(1),
      millions(tokenize.tokens_per_second),
      millions(tokenize.tokens_per_core_second),
      memory(tokenize.peak_rss),
    ],
  );
  const what = messages.dataOf(rows, (bytes / 1e6).toFixed(0), workers, (tokenize.tokens / 1e6).toFixed(1));
  return `${what}\n${table}`;
}

async function measured(run: () => Promise<void>): Promise<Cost> {
  let peak = Deno.memoryUsage().rss;
  const timer = setInterval(() => peak = Math.max(peak, Deno.memoryUsage().rss), 20);
  const cpu = process.cpuUsage();
  const start = performance.now();
  try {
    await run();
  } finally {
    clearInterval(timer);
  }
  const seconds = (performance.now() - start) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  return { seconds, cpu_seconds: (user + system) / 1e6, peak_rss: peak };
}

/** A tokenizer of LLaMA's kind and size: the words of the rows letter by letter, their characters, then letters in threes. */
export function syntheticTokenizer(): string {
  const record = JSON.parse(buildTokenizer([], 260));
  const pieces = new Set<string>(Object.keys(record.model.vocab));
  const merges = new Set<string>();
  const letters = [..."abcdefghijklmnopqrstuvwxyz"];
  for (const piece of ["▁", ...letters, ".", ",", "#", ":", ...COMMON, "。", "，"]) pieces.add(piece);
  const join = (left: string, right: string) => {
    pieces.add(left + right);
    merges.add(`${left} ${right}`);
  };
  for (const word of WORDS) {
    let made = "▁";
    for (const letter of word) {
      join(made, letter);
      made += letter;
    }
  }
  for (const one of letters) for (const other of letters) join(one, other);
  fill: for (const one of letters) {
    for (const other of letters) {
      for (const third of letters) {
        if (pieces.size >= vocabularySize) break fill;
        join(one + other, third);
      }
    }
  }
  for (let code = 0x4e00; pieces.size < vocabularySize; code += 3) pieces.add(String.fromCharCode(code));
  record.model.vocab = Object.fromEntries([...pieces].map((piece, id) => [piece, id]));
  record.model.merges = [...merges];
  return JSON.stringify(record);
}
