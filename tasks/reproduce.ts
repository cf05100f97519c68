// `deno task reproduce [NAME|FILE] [options]`: computes a locked pipeline into an empty cache and compares.
import Table from "cli-table3";
import { join, resolve } from "@std/path";
import { type ComparedStage, compareWithLock, LockCollector, runObserved } from "../pipeline/core/upkeep.ts";
import { chooseDevice } from "../kernels/machine/adapter.ts";
import { z } from "../mod.ts";
import { chooseRenderer } from "./cli/render/choose_renderer.ts";
import { checkValues } from "./cli/options/check_values.ts";
import { parseCommand } from "./cli/command.ts";
import { flagsOf } from "./cli/options/flags.ts";
import { detectLanguage } from "./cli/language.ts";
import { loadPipeline } from "./cli/load_pipeline.ts";
import { lockOf } from "./cli/options/locked_options.ts";
import { runMain } from "./cli/main.ts";
import { messagesIn } from "./cli/messages.ts";
import { CACHE_OPTIONS, DEVICE_OPTION } from "./cli/options/shared_options.ts";

const language = detectLanguage(Deno.args);
const say = (en: string, zh: string) => language === "zh" ? zh : en;

const options = z.object({
  checkDevice: z.boolean().default(false).describe("accept nothing but the same bytes, also from another device").meta({
    zh: "即使设备不同也只接受逐字节相同的结果",
  }),
  tolerance: z.number().min(0).default(0.02).describe("how far numbers from another device may be off, relatively")
    .meta({ zh: "设备不同时数值允许的相对误差" }),
  cacheDir: CACHE_OPTIONS.cacheDir.describe("folder of the cache; the new one is made in it and removed").meta({
    zh: "缓存文件夹；新缓存建于其中，结束后删除",
  }),
  ...DEVICE_OPTION,
  json: CACHE_OPTIONS.json,
  lang: CACHE_OPTIONS.lang,
});

function outcome({ verdict }: ComparedStage): string {
  switch (verdict.type) {
    case "identical":
      return say("identical", "逐字节相同");
    case "close": {
      const percent = `${(verdict.difference * 100).toFixed(2)} %`;
      return say(`another device, within ${percent}`, `设备不同，误差不超过 ${percent}`);
    }
    case "differs":
      return `${say("DIFFERS", "不同")}: ${verdict.detail}`;
    case "drifted":
      return `${say("DRIFTED", "已改变")}: ${verdict.changes.join(", ")}`;
    case "missing":
      return say("MISSING on one side", "一方缺少此步骤");
    default:
      return verdict satisfies never;
  }
}

await runMain(language, async (signal) => {
  const parsed = parseCommand(Deno.args, {
    task: "reproduce",
    usage: "[NAME|FILE] [options]",
    description: say(
      "Computes the pipeline of vicuna.lock.json anew, with the lock's options and an empty cache, and compares every " +
        "stage: the same bytes where the device is the same, else numbers within a tolerance.",
      "以锁文件 vicuna.lock.json 中的选项和空缓存重新计算流水线，逐步比较：设备相同须逐字节相同，否则数值须在误差之内。",
    ),
    groups: [{ heading: say("Options:", "选项："), flags: flagsOf(options) }],
    operands: { name: "NAME|FILE", required: false },
  }, language);
  if (parsed.wantsHelp) return console.log(parsed.help);
  const values = checkValues(options, parsed.values, "reproduce", language);
  const { cacheDir, json, tolerance, checkDevice, device } = values;
  if (device !== undefined) chooseDevice(device);
  const loaded = await loadPipeline(parsed.operands[0] ?? "quickstart", messagesIn(language));
  const locked = await lockOf(loaded, {}, messagesIn(language));

  await Deno.mkdir(resolve(cacheDir), { recursive: true });
  const fresh = await Deno.makeTempDir({ dir: resolve(cacheDir), prefix: "reproduce-" });
  const collector = new LockCollector();
  const renderer = chooseRenderer(json, messagesIn(language));
  try {
    await runObserved(loaded.pipeline, {
      name: loaded.name,
      options: locked.options,
      cacheDir: join(fresh, "cache"),
      signal,
      onEvent: (event) => renderer.show(event),
    }, [collector]);
  } finally {
    renderer.close();
    await Deno.remove(fresh, { recursive: true });
  }
  const stages = compareWithLock(locked, collector.locked(locked.options), tolerance);
  const accepted = checkDevice ? ["identical"] : ["identical", "close"];
  const reproduced = stages.every(({ verdict }) => accepted.includes(verdict.type));
  if (json) console.log(JSON.stringify({ type: "reproduction", reproduced, stages }));
  else {
    const table = new Table({
      head: [say("stage", "步骤"), say("locked", "锁定"), say("found", "实际"), say("outcome", "结论")],
      style: { head: [], border: [] },
    });
    const digest = (stage: { digest: string } | undefined) => stage?.digest.slice(0, 12) ?? "";
    for (const row of stages) table.push([row.stage, digest(row.locked), digest(row.found), outcome(row)]);
    console.log(`${table}`);
    console.log(reproduced ? say("Reproduced.", "已复现。") : say("Not reproduced.", "未能复现。"));
  }
  if (!reproduced) Deno.exitCode = 1;
});
