// deno task bench: measures kernels and training steps on the machine's device.
import { chooseDevice, openDevice } from "../kernels/gpu/device.ts";
import { quantizeOptions, trainSettings, z } from "../mod.ts";
import { BENCH_CONFIGS, type BenchConfigName } from "./bench/configs.ts";
import { benchData, dataTable } from "./bench/data.ts";
import { machineFacts, machineLines } from "./bench/machine.ts";
import { BENCH_PARTS } from "./bench/pieces.ts";
import { BENCH_SHAPES, runBench } from "./bench/run.ts";
import { partTables, progressLine } from "./bench/tables.ts";
import { FULL_ROWS } from "./bench/synthetic_rows.ts";
import { checkValues } from "./cli/options/check_values.ts";
import { parseCommand } from "./cli/command.ts";
import { flagsOf } from "./cli/options/flags.ts";
import { detectLanguage } from "./cli/language.ts";
import { runMain } from "./cli/main.ts";
import { DEVICE_OPTION, JSON_OBJECT_OPTION, LANG_OPTION } from "./cli/options/shared_options.ts";
import { STOP_WORDS } from "./cli/stop_words.ts";

const names = Object.keys(BENCH_CONFIGS) as [BenchConfigName, ...BenchConfigName[]];
const options = z.object({
  config: z.array(z.enum(names)).default(["S", "M"]).describe(
    "models to measure; naming any measures training steps alone, unless --only says otherwise",
  ).meta({ zh: "要测的模型；给出此项时只测训练步，除非另有 --only" }),
  bits: quantizeOptions.bits.unwrap().optional().describe("bits of a base weight (8; kernels: all)").meta({
    zh: "基座权重位数（8；内核测全部）",
  }),
  steps: z.number().int().min(1).default(3).describe("training steps that are timed together").meta({
    zh: "一起计时的训练步数",
  }),
  tokens: z.number().int().min(2).optional().describe("tokens of a micro-batch, in place of the model's own").meta({
    zh: "微批的 token 数，代替模型自带的",
  }),
  only: z.array(z.enum(BENCH_PARTS)).optional().describe("what to measure (all)").meta({ zh: "要测的部分（全部）" }),
  gpuMemory: z.number().positive().default(7.4).describe("GB of GPU memory that a training may take").meta({
    zh: "训练可用的显存（GB）",
  }),
  shapes: z.array(z.enum(BENCH_SHAPES)).default([...BENCH_SHAPES]).describe(
    "shapes of the products: M 256, N 1024, K 1024 by all variants, LLaMA-7B's by the one that is used",
  ).meta({ zh: "矩阵乘的尺寸：compared 为 M 256、N 1024、K 1024 的全部变体，llama-7b 为其各尺寸所用的变体" }),
  autotune: trainSettings.autotune.describe(
    "measure steps with the default variants of the products, without finding the quickest first",
  )
    .meta({
      zh: "测训练步时用默认的矩阵乘变体，不先找出最快的",
    }),
  packingData: z.string().optional().describe("folder of alpaca rows to measure packing with; not measured without")
    .meta({ zh: "用于测打包的 alpaca 数据文件夹；不给则不测" }),
  data: z.boolean().default(false).describe("measure merging and tokenising instead, on rows that are made up").meta({
    zh: "改为测合并与分词的速度（使用合成数据）",
  }),
  rows: z.number().int().min(1000).default(FULL_ROWS).describe("rows for --data").meta({ zh: "--data 的行数" }),
  ...DEVICE_OPTION,
  ...JSON_OBJECT_OPTION,
  ...LANG_OPTION,
});

/** Long enough to meet a moment in which other work on the machine leaves this one alone. */
const repeatMs = 500;

await runMain(detectLanguage(Deno.args), async (signal) => {
  const language = detectLanguage(Deno.args);
  const zh = language === "zh";
  const parsed = parseCommand(Deno.args, {
    task: "bench",
    usage: "[options]",
    description: zh
      ? "在本机设备上测量计算内核、训练步、生成与打包的速度。权重是在设备上合成的。"
      : "Measures kernels, training steps, generation and packing on this device, with weights made on it.",
    groups: [{ heading: zh ? "选项：" : "Options:", flags: flagsOf(options) }],
  }, language);
  if (parsed.wantsHelp) return console.log(parsed.help);
  const { config, only, json, gpuMemory, packingData, data, rows, device: wanted, ...rest } = checkValues(
    options,
    parsed.values,
    "bench",
    language,
  );
  if (data) {
    const result = await benchData(rows, signal);
    return console.log(json ? JSON.stringify({ data: result }) : dataTable(result, language));
  }
  const parts = only ?? (parsed.values["config"] === undefined ? BENCH_PARTS : ["steps" as const]);
  if (wanted !== undefined) chooseDevice(wanted);
  const device = await openDevice();
  try {
    if (!json) console.log(machineLines(machineFacts(device.info), language));
    const report = await runBench(
      device,
      { parts, configs: config, memory: gpuMemory * 1e9, repeatMs, data: packingData, ...rest },
      {
        // On standard error, beside what was asked for.
        begin: (progress) => console.error(progressLine(progress, language)),
        done: (part, report) => {
          if (!json) console.log(partTables(part, report, language));
        },
      },
      signal,
    );
    if (json) console.log(JSON.stringify(report));
  } finally {
    device.close();
  }
}, STOP_WORDS[detectLanguage(Deno.args)]);
