// The results of a bench for people to read.
import Table from "cli-table3";
import type { Language } from "../cli/language.ts";
import { formatBytes } from "../cli/render/memory_lines.ts";
import { messagesIn } from "../cli/messages.ts";
import { formatDuration } from "../cli/render/format.ts";
import { type BenchMessages, benchMessagesIn } from "./messages.ts";
import type { BenchPart, BenchProgress } from "./pieces.ts";
import type { BenchReport } from "./run.ts";

type Cell = string | number;

function table(title: string, head: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const table = new Table({ head: [...head], style: { head: [], border: [], compact: true } });
  for (const row of rows) table.push(row.map(String));
  return `${title}\n${table}`;
}

const fixed = (value: number, digits = 1) => value.toFixed(digits);

/** The tables of one part of a report. */
export function partTables(part: BenchPart, report: BenchReport, language: Language): string {
  const t = benchMessagesIn(language);
  const skipped = report.skipped.filter((skip) => skip.part === part).map(({ reason }) => t.skipped(part, reason));
  const memory = part === "steps" ? memoryTable(report, t, language) : [];
  return [...skipped, ...tablesOf[part](report, t), ...memory].join("\n");
}

/** What is being measured, and how long all may still take. */
export function progressLine({ part, name, number, pieces, leftMs }: BenchProgress, language: Language): string {
  const t = benchMessagesIn(language);
  const left = formatDuration(Math.max(1000, Math.round(leftMs / 1000) * 1000), messagesIn(language));
  return t.progress(`${t.parts[part]}: ${name}`, number, pieces, left);
}

function memoryTable({ memory }: BenchReport, t: BenchMessages, language: Language): string[] {
  if (!memory) return [];
  const row = (name: string, bytes: number) => [name, formatBytes(bytes), bytes];
  const categories = Object.entries(memory.categories).filter(([, bytes]) => bytes > 0);
  return [
    table(t.memory(memory.config), ["", "", t.bytes], [
      ...categories.map(([name, bytes]) => row(messagesIn(language).memoryCategory(name), bytes)),
      row(t.planned, memory.planned),
      row(t.allocated, memory.allocated),
    ]),
  ];
}

const tablesOf: Record<BenchPart, (report: BenchReport, t: BenchMessages) => string[]> = {
  kernels: ({ kernels }, t) => [
    table(
      t.kernels,
      [t.op, t.variant, t.bits, t.size, "GFLOP/s", "GB/s"],
      kernels.map((result) =>
        "gflops" in result
          ? [
            result.op,
            result.variant,
            result.bits,
            `${result.m} x ${result.n} x ${result.k}`,
            fixed(result.gflops),
            "",
          ]
          : [result.op, "", "", result.size, "", fixed(result.gbps)]
      ),
    ),
  ],
  steps: ({ steps }, t) => [
    ...steps.map(({ config, bits, breakdown }) => {
      const total = breakdown.reduce((sum, { ms }) => sum + ms, 0);
      return table(`${config}, ${bits} bits: ${t.breakdown}`, [t.op, t.dispatches, "ms", t.share], [
        ...breakdown.map(({ kernel, dispatches, ms }) => [kernel, dispatches, fixed(ms, 2), fixed(ms / total * 100)]),
        [t.all, "", fixed(total, 2), ""],
      ]);
    }),
    table(
      t.steps,
      [
        t.config,
        t.bits,
        t.tokens,
        t.msStep,
        t.perSecond,
        t.useful,
        t.products,
        t.ratio,
        t.encode,
        t.recomputed,
        t.allocated,
      ],
      steps.map((step) => [
        step.config,
        step.bits,
        step.tokens,
        fixed(step.ms),
        fixed(step.tokens_per_second),
        fixed(step.gflops),
        step.product_gflops === undefined ? "" : fixed(step.product_gflops),
        step.product_gflops === undefined ? "" : fixed(step.gflops / step.product_gflops, 2),
        fixed(step.encode_ms),
        step.memory.recomputed_layers,
        formatBytes(step.memory.allocated),
      ]),
    ),
  ],
  decode: ({ decode }, t) => [
    table(
      t.decode,
      [t.config, t.bits, t.prompt, t.perSecond, t.batched, t.ratio],
      decode.map((result) => [
        result.config,
        result.bits,
        fixed(result.prompt_tokens_per_second),
        fixed(result.tokens_per_second),
        fixed(result.batched_tokens_per_second),
        fixed(result.batched_tokens_per_second / result.tokens_per_second, 2),
      ]),
    ),
  ],
  packing: ({ packing }, t) =>
    packing.length === 0 ? [] : [
      table(
        t.packing,
        [t.config, t.bits, t.rows, t.tokens, t.padded, t.packedRate, t.paddedRate, t.ratio],
        packing.map((result) => [
          result.config,
          result.bits,
          result.rows,
          result.tokens,
          result.padded_tokens,
          fixed(result.packed_tokens_per_second),
          fixed(result.padded_tokens_per_second),
          fixed(result.ratio, 2),
        ]),
      ),
    ],
};
