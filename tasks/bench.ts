// deno task bench: measures kernels and training steps on the machine's device.
import Table from "cli-table3";
import { openDevice } from "../kernels/device.ts";
import { z } from "../mod.ts";
import { BENCH_CONFIGS, type BenchConfigName } from "./bench/configs.ts";
import { benchStep } from "./bench/steps.ts";
import { parseCommand } from "./cli/command.ts";
import { flagsOf } from "./cli/flags.ts";
import { detectLanguage, LANGUAGES } from "./cli/language.ts";
import { runMain } from "./cli/main.ts";

const names = Object.keys(BENCH_CONFIGS) as [BenchConfigName, ...BenchConfigName[]];
const options = z.object({
  config: z.array(z.enum(names)).default(["S", "M"]).describe("models to measure").meta({ zh: "要测的模型" }),
  bits: z.literal([8, 32]).default(8).describe("bits of a base weight").meta({ zh: "基座权重位数" }),
  steps: z.number().int().min(1).default(3).describe("training steps of a measurement").meta({
    zh: "每次测量的训练步数",
  }),
  json: z.boolean().default(false).describe("print one JSON object").meta({ zh: "输出一个 JSON 对象" }),
  lang: z.enum(LANGUAGES).optional().describe("language of messages").meta({ zh: "提示信息的语言" }),
});

await runMain(detectLanguage(Deno.args), async () => {
  const language = detectLanguage(Deno.args);
  const zh = language === "zh";
  const parsed = parseCommand(Deno.args, {
    name: "deno task bench",
    usage: "[options]",
    description: zh ? "在本机设备上测量计算内核与训练步。" : "Measures kernels and training steps on this device.",
    groups: [{ heading: zh ? "选项：" : "Options:", flags: flagsOf(options) }],
  }, language);
  if (parsed.wantsHelp) return console.log(parsed.help);
  const { config, bits, steps, json } = options.parse(parsed.values);
  const device = await openDevice();
  try {
    const results = [];
    for (const name of config) {
      const result = await benchStep(device, BENCH_CONFIGS[name], bits, steps);
      results.push({ config: name, bits, ...result });
      if (json) continue;
      console.log(
        `${name}, ${bits} bits: ${result.ms.toFixed(1)} ms a step, ${result.tokens_per_second.toFixed(0)} tokens/s, ` +
          `${result.gflops.toFixed(1)} useful GFLOP/s, encoding ${result.encode_ms.toFixed(1)} ms`,
      );
      const table = new Table({
        head: ["kernel", "dispatches", "ms", "%"],
        style: { head: [], border: [], compact: true },
      });
      const total = result.kernels.reduce((sum, { ms }) => sum + ms, 0);
      for (const { kernel, dispatches, ms } of result.kernels) {
        table.push([kernel, dispatches, ms.toFixed(2), (ms / total * 100).toFixed(1)]);
      }
      table.push(["all", "", total.toFixed(2), ""]);
      console.log(table.toString());
    }
    if (json) console.log(JSON.stringify({ device: device.info, steps: results }));
  } finally {
    device.close();
  }
});
