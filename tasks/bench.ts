// deno task bench: measures kernels and training steps on the machine's device.
import { chooseDevice, openDevice } from "../kernels/gpu/device.ts";
import { quantizeOptions, trainSettings, z } from "../mod.ts";
import { BENCH_CONFIGS, type BenchConfigName } from "./bench/configs.ts";
import { benchData, dataTable } from "./bench/data.ts";
import { machineFacts, machineLines } from "./bench/machine.ts";
import { benchMessagesIn } from "./bench/messages.ts";
import { BENCH_PARTS } from "./bench/pieces.ts";
import { BENCH_SHAPES, runBench } from "./bench/run.ts";
import { partTables, progressLine } from "./bench/tables.ts";
import { FULL_ROWS } from "./bench/synthetic_rows.ts";
import { checkValues } from "./cli/options/check_values.ts";
import { parseCommand } from "./cli/command.ts";
import { flagsOf } from "./cli/options/flags.ts";
import { detectLanguage } from "./cli/language.ts";
import { runMain } from "./cli/main.ts";
import { messagesIn } from "./cli/messages.ts";
import { DEVICE_OPTION, JSON_OPTION, LANG_OPTION } from "./cli/options/shared_options.ts";
import { stopWords } from "./cli/stop_words.ts";

const names = Object.keys(BENCH_CONFIGS) as [BenchConfigName, ...BenchConfigName[]];
const options = z.object({
  config: z.array(z.enum(names)).default(["S", "M"]),
  bits: quantizeOptions.bits.unwrap().optional(),
  steps: z.number().int().min(1).default(3),
  tokens: z.number().int().min(2).optional(),
  only: z.array(z.enum(BENCH_PARTS)).optional(),
  gpuMemory: z.number().positive().default(7.4),
  shapes: z.array(z.enum(BENCH_SHAPES)).default([...BENCH_SHAPES]),
  autotune: trainSettings.autotune,
  packingData: z.string().optional(),
  data: z.boolean().default(false),
  rows: z.number().int().min(1000).default(FULL_ROWS),
  ...DEVICE_OPTION,
  ...JSON_OPTION,
  ...LANG_OPTION,
});

/** Long enough to meet a moment in which other work on the machine leaves this one alone. */
const repeatMs = 500;

await runMain(detectLanguage(Deno.args), async (signal) => {
  const language = detectLanguage(Deno.args);
  const common = messagesIn(language);
  const messages = benchMessagesIn(language);
  const parsed = parseCommand(Deno.args, {
    task: "bench",
    usage: "[options]",
    description: messages.description,
    groups: [{
      heading: common.optionsHeading,
      flags: flagsOf(options, { ...common.options, json: common.options.jsonObject, ...messages.options }),
    }],
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
}, stopWords(detectLanguage(Deno.args)));
